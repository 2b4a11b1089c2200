/**
 * HKDF-SHA-256 (RFC 5869) and HMAC-SHA-256 (RFC 2104) by node:crypto.
 *
 * @module
 */

import { createHmac, hkdfSync } from "node:crypto";
import { type Bytes, utf8 } from "../../kernel/bytes.ts";

/** `length` bytes (1…8160) of HKDF-SHA-256. */
export function hkdfSha256(ikm: Uint8Array, salt: Uint8Array, info: Uint8Array, length: number): Bytes {
  if (length < 1 || length > 255 * 32) throw new RangeError("HKDF-SHA-256 gives 1 to 8160 bytes");
  return new Uint8Array(hkdfSync("sha256", ikm, salt, info, length));
}

/** `H(k, i, n)` of docs/spec/protocol.md §1: HKDF-SHA-256 with the salt "agentsecrets/v1". */
export function deriveBytes(key: Uint8Array, info: string, length: number): Bytes {
  return hkdfSha256(key, utf8("agentsecrets/v1"), utf8(info), length);
}

/** The 32-byte tag of `message` under `key`. */
export function hmacSha256(key: Uint8Array, message: Uint8Array): Bytes {
  return new Uint8Array(createHmac("sha256", key).update(message).digest());
}
