/**
 * Which X25519 public keys may stand in a log (RFC 7748 §6.1).
 *
 * @module
 */

import { toHex } from "../../kernel/encoding.ts";

/** u coordinates of small order, canonical and not, little-endian without the top bit, which X25519 ignores. */
const SMALL_ORDER: ReadonlySet<string> = new Set([
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000000",
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
]);

/** Whether keys can be sealed to `publicKey`: 32 bytes, not of small order, for which everyone knows the shared secret. */
export function isUsableX25519Key(publicKey: Uint8Array): boolean {
  if (publicKey.length !== 32) return false;
  const masked = publicKey.slice();
  masked[31] = masked[31]! & 0x7f;
  return !SMALL_ORDER.has(toHex(masked));
}
