/**
 * Credentials as header text. A value that could end the header's line is refused: it would let whoever set the secret write
 * headers, or a second request.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { isHeaderValue } from "../headers.ts";
import { describePlace, type Place } from "../injection.ts";

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
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}
