/** A member of a JSON body; the rest of the text stays as it is. @module */

import { fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import { headerValue, withHeader } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";
import { JsonPlaceError, setJsonMember } from "./json_text.ts";
import type { Injector, Outgoing } from "./outgoing.ts";
import { bodyText } from "./whole_body.ts";

type BodyPlace = Extract<Place, { style: "body" }>;

/** The value as a JSON string. */
export const body: Injector<BodyPlace> = {
  check(outgoing, place): void {
    set(outgoing, place, '""');
  },
  inject(outgoing, place, value): Outgoing {
    // EXPOSE: the value becomes a JSON string in the body
    const text = value.expose((bytes) => set(outgoing, place, literalOf(bytes, place)));
    const headers = headerValue(outgoing.headers, "content-type") === undefined
      ? withHeader(outgoing.headers, "content-type", "application/json")
      : outgoing.headers;
    const body = utf8(text);
    wellFormed.add(body);
    return { ...outgoing, headers, body };
  },
};

/** Bodies that were found to be JSON, and what became of them. */
const wellFormed = new WeakSet<Uint8Array>();

function set(outgoing: Outgoing, place: BodyPlace, literal: string): string {
  const { body } = outgoing, isBytes = body instanceof Uint8Array;
  try {
    const text = setJsonMember(bodyText(outgoing, place), place.path, literal, isBytes && wellFormed.has(body));
    if (isBytes) wellFormed.add(body);
    return text;
  } catch (error) {
    if (!(error instanceof JsonPlaceError)) throw error;
    throw new AppError("invalid_injection", { place: describePlace(place), reason: error.message });
  }
}

function literalOf(bytes: Uint8Array, place: BodyPlace): string {
  try {
    return JSON.stringify(fromUtf8(bytes));
  } catch {
    const reason = "the secret's value is not UTF-8 and cannot be a JSON string";
    throw new AppError("invalid_injection", { place: describePlace(place), reason });
  }
}
