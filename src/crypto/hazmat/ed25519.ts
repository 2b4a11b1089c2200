/**
 * Ed25519 keys and signatures (RFC 8032) by node:crypto.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Bytes } from "../../kernel/bytes.ts";
import { fromHex } from "../../kernel/encoding.ts";

/** PrivateKeyInfo of an Ed25519 key up to the seed (RFC 8410 §7). */
const PKCS8_PREFIX = fromHex("302e020100300506032b657004220420")!;

function importSeed(seed: Uint8Array): KeyObject {
  if (seed.length !== 32) throw new RangeError("an Ed25519 seed has 32 bytes");
  const der = Buffer.concat([PKCS8_PREFIX, seed]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    der.fill(0);
  }
}

/** The public key of a 32-byte seed. */
export function ed25519PublicKey(seed: Uint8Array): Bytes {
  const der = createPublicKey(importSeed(seed)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(der.length - 32));
}

/**
 * Makes 64-byte signatures, deterministic ones, with the key of a 32-byte seed. Importing the key costs more than a signature does; the
 * runtime's copy of it lives as long as the function.
 */
export function ed25519Signer(seed: Uint8Array): (message: Uint8Array) => Bytes {
  const key = importSeed(seed);
  return (message) => new Uint8Array(sign(null, message, key));
}
