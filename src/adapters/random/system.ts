/**
 * The system's randomness, through WebCrypto.
 *
 * @module
 */

import type { Bytes } from "../../kernel/bytes.ts";

/** What one call of `getRandomValues` may ask for, in bytes (W3C Web Cryptography API §10.1.1). */
const MAX_CALL_BYTES = 65_536;

/** `length` bytes of the system's cryptographically secure generator. */
export function systemRandom(length: number): Bytes {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at += MAX_CALL_BYTES) {
    crypto.getRandomValues(bytes.subarray(at, Math.min(at + MAX_CALL_BYTES, length)));
  }
  return bytes;
}
