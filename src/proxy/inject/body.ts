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
    return { ...outgoing, headers, body: utf8(text) };
  },
};

function set(outgoing: Outgoing, place: BodyPlace, literal: string): string {
  try {
    return setJsonMember(bodyText(outgoing, place), place.path, literal);
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
