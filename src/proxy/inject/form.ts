/** A field of an `application/x-www-form-urlencoded` body; the rest stays byte for byte. @module */

import { utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import { headerValue, withHeader } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";
import type { Injector, Outgoing } from "./outgoing.ts";
import { percentEncode, setPair } from "./urlencoded.ts";
import { bodyText } from "./whole_body.ts";

type FormPlace = Extract<Place, { style: "form" }>;

const FORM = "application/x-www-form-urlencoded";

/** The value percent-encoded. */
export const form: Injector<FormPlace> = {
  check(outgoing, place): void {
    const type = headerValue(outgoing.headers, "content-type");
    if (type !== undefined && type.split(";")[0]!.trim().toLowerCase() !== FORM) {
      throw new AppError("invalid_injection", { place: describePlace(place), reason: "the body is not a form" });
    }
    bodyText(outgoing, place);
  },
  inject(outgoing, place, value): Outgoing {
    // EXPOSE: the value becomes a part of the body's text
    const text = value.expose((bytes) => setPair(bodyText(outgoing, place), place.field, percentEncode(bytes)));
    const headers = headerValue(outgoing.headers, "content-type") === undefined
      ? withHeader(outgoing.headers, "content-type", FORM)
      : outgoing.headers;
    return { ...outgoing, headers, body: utf8(text) };
  },
};
