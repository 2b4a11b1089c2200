/** `Authorization: Basic base64(user:password)` (RFC 7617 §2). @module */

import { AppError } from "../../kernel/error.ts";
import { withHeader } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";
import { byteString } from "./header_value.ts";
import type { Injector, Outgoing } from "./outgoing.ts";

type BasicPlace = Extract<Place, { style: "basic" }>;

/** `user:password` as the Authorization header; a value without a colon is refused. */
export const basic: Injector<BasicPlace> = {
  inject(outgoing, place, value): Outgoing {
    // EXPOSE: user and password become the header's base64 text
    const text = value.expose((bytes) => `Basic ${btoa(pair(bytes, place))}`);
    return { ...outgoing, headers: withHeader(outgoing.headers, "authorization", text) };
  },
};

/** RFC 7617 §2: user-id and password hold no control character, the user-id no colon. */
function pair(bytes: Uint8Array, place: BasicPlace): string {
  const refuse = (reason: string): AppError =>
    new AppError("invalid_injection", { place: describePlace(place), reason });
  if (!bytes.includes(0x3a)) throw refuse("the secret's value is not user:password");
  if (bytes.some((byte) => byte < 0x20 || byte === 0x7f)) {
    throw refuse("the secret's value holds a line break or another control character");
  }
  return byteString(bytes);
}
