/**
 * Credentials as header text. A value that could end the header's line is refused: it would let whoever set the secret write
 * headers, or a second request.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { isHeaderValue } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";

/** Bytes that become text at once. */
const PIECE = 8192;

/**
 * The bytes one by one as characters: how fetch takes header values.
 *
 * @throws {AppError} `invalid_injection` for line breaks and other control characters
 */
export function headerText(bytes: Uint8Array, place: Place): string {
  const text = byteString(bytes);
  if (!isHeaderValue(text)) {
    throw new AppError("invalid_injection", {
      place: describePlace(place),
      reason: "the secret's value holds a line break or another control character",
    });
  }
  return text;
}

/** One character of U+0000…U+00FF for each byte. */
export function byteString(bytes: Uint8Array): string {
  let text = "";
  // In pieces, as each byte becomes an argument. Not spread: that takes a detour of an iterator, as long as all else an injection does.
  for (let at = 0; at < bytes.length; at += PIECE) {
    text += Reflect.apply(String.fromCharCode, undefined, bytes.subarray(at, at + PIECE));
  }
  return text;
}
