/**
 * The bytes of a `.env` file as text and back, so that what is not changed stays byte for byte: byte order mark and line
 * endings included.
 *
 * @module
 */

import { type Bytes, fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";

/** Text of a `.env` file. `what` names it in the error. @throws {AppError} `invalid_input` */
export function dotenvText(bytes: Uint8Array, what: string): string {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    throw new AppError("invalid_input", { what, reason: "it is UTF-16; save it as UTF-8" });
  }
  try {
    return fromUtf8(bytes);
  } catch {
    throw new AppError("invalid_input", { what, reason: "it is not valid UTF-8" });
  }
}

/** Bytes of a `.env` text. */
export function dotenvBytes(text: string): Bytes {
  return utf8(text);
}

/** The line ending that new lines get: the first one of the text. */
export function lineEnding(text: string): "\r\n" | "\n" {
  const at = text.indexOf("\n");
  return at > 0 && text[at - 1] === "\r" ? "\r\n" : "\n";
}
