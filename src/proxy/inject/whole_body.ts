/**
 * Bodies that an injection changes: they must be whole and readable.
 *
 * @module
 */

import { type Bytes, fromUtf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { Body } from "../../ports/upstream.ts";
import { headerValue } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";
import type { Outgoing } from "./outgoing.ts";

/** Most bytes of a body into which something is injected; other bodies are streamed without limit. */
export const MAX_INJECTED_BODY_BYTES = 8 * 1024 * 1024;
/** Room to begin with. */
const FIRST_BYTES = 16 * 1024;

/** The whole of `body`. @throws {AppError} `body_too_large`, `bad_request` when the caller's stream breaks */
export async function collectBody(body: Body | undefined): Promise<Bytes> {
  if (body === undefined) return new Uint8Array();
  const tooLarge = (): AppError =>
    new AppError("body_too_large", { what: "a body with an injection", maxBytes: MAX_INJECTED_BODY_BYTES });
  if (body instanceof Uint8Array) {
    if (body.length > MAX_INJECTED_BODY_BYTES) throw tooLarge();
    return body;
  }
  // One buffer, since a piece may be one byte of a buffer of 64 KiB: kept as they came, a body that trickles would hold all of them.
  let whole = new Uint8Array(FIRST_BYTES), size = 0;
  try {
    for await (const part of body) {
      if (size + part.length > MAX_INJECTED_BODY_BYTES) throw tooLarge();
      if (size + part.length > whole.length) whole = grown(whole, size + part.length);
      whole.set(part, size);
      size += part.length;
    }
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError("bad_request", { reason: "its body ended early" });
  }
  return whole.subarray(0, size);
}

/** `bytes` in at least twice the room, and in `count` bytes at least. */
function grown(bytes: Bytes, count: number): Bytes {
  const larger = new Uint8Array(Math.max(bytes.length * 2, count));
  larger.set(bytes);
  return larger;
}

/** The collected body as text. @throws {AppError} `invalid_injection` */
export function bodyText(outgoing: Outgoing, place: Place): string {
  const refuse = (reason: string): AppError =>
    new AppError("invalid_injection", { place: describePlace(place), reason });
  if (headerValue(outgoing.headers, "content-encoding") !== undefined) throw refuse("the body is compressed");
  if (outgoing.body === undefined) return "";
  if (!(outgoing.body instanceof Uint8Array)) throw new TypeError("The body was not collected");
  try {
    return fromUtf8(outgoing.body);
  } catch {
    throw refuse("the body is not UTF-8");
  }
}
