/**
 * Strict Ed25519 verification (RFC 8032 §5.1.7) by the platform, with the checks that make a verdict the same everywhere:
 * canonical S (no second signature for a message), canonical points, no points of small order (no key that signs everything).
 *
 * @module
 */

import { createPublicKey, type KeyObject, verify } from "node:crypto";
import { Buffer } from "node:buffer";
import { fromHex, toHex } from "../../kernel/encoding.ts";

/** SubjectPublicKeyInfo of an Ed25519 key up to the key (RFC 8410 §4). */
const SPKI_PREFIX = fromHex("302a300506032b6570032100")!;
/** The group's order L = 2²⁵² + 27742317777372353535851937790883648493, little-endian. */
const ORDER = fromHex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010")!;
/** The field's prime 2²⁵⁵ − 19, little-endian. */
const PRIME = fromHex("edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f")!;

/**
 * The y coordinates of the eight points of small order (0, ±1 and the two of order 8), little-endian without the sign bit.
 * Their non-canonical twins are refused by {@linkcode isCanonicalPoint} already.
 */
const SMALL_ORDER_Y: ReadonlySet<string> = new Set([
  "0100000000000000000000000000000000000000000000000000000000000000",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
]);

/** Whether `number` < `limit`, both little-endian and equally long. */
function isBelow(number: Uint8Array, limit: Uint8Array): boolean {
  for (let i = number.length - 1; i >= 0; i--) if (number[i] !== limit[i]) return number[i]! < limit[i]!;
  return false;
}

function withoutSign(point: Uint8Array): Uint8Array {
  const y = point.slice();
  y[31] = y[31]! & 0x7f;
  return y;
}

/** Whether `point` has y < 2²⁵⁵ − 19 and is none of the points of small order. */
function isCanonicalPoint(point: Uint8Array): boolean {
  const y = withoutSign(point);
  return isBelow(y, PRIME) && !SMALL_ORDER_Y.has(toHex(y));
}

/** Whether `publicKey` may be used: 32 bytes, canonical, not of small order. Says nothing about who holds it. */
export function isUsableEd25519Key(publicKey: Uint8Array): boolean {
  return publicKey.length === 32 && isCanonicalPoint(publicKey);
}

function importKey(publicKey: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
}

/**
 * Whether `signature` (64 bytes) is `publicKey`'s (32 bytes) over `message`. False, never an exception, for keys and
 * signatures of wrong length, non-canonical or of small order.
 */
export function verifyEd25519(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (signature.length !== 64 || !isUsableEd25519Key(publicKey)) return false;
  if (!isCanonicalPoint(signature.subarray(0, 32)) || !isBelow(signature.subarray(32), ORDER)) return false;
  try {
    return verify(null, message, importKey(publicKey), signature);
  } catch {
    return false; // a y that is on no point of the curve
  }
}
