/**
 * X25519 (RFC 7748) by node:crypto.
 *
 * @module
 */

import { createPrivateKey, createPublicKey, diffieHellman, type KeyObject } from "node:crypto";
import { Buffer } from "node:buffer";
import type { Bytes } from "../../kernel/bytes.ts";
import { fromHex } from "../../kernel/encoding.ts";

/** PrivateKeyInfo and SubjectPublicKeyInfo of an X25519 key up to the key (RFC 8410). */
const PKCS8_PREFIX = fromHex("302e020100300506032b656e04220420")!;
const SPKI_PREFIX = fromHex("302a300506032b656e032100")!;

function importPrivate(privateKey: Uint8Array): KeyObject {
  if (privateKey.length !== 32) throw new RangeError("an X25519 private key has 32 bytes");
  const der = Buffer.concat([PKCS8_PREFIX, privateKey]);
  try {
    return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  } finally {
    der.fill(0);
  }
}

/** The public key of a 32-byte private key. */
export function x25519PublicKey(privateKey: Uint8Array): Bytes {
  const der = createPublicKey(importPrivate(privateKey)).export({ format: "der", type: "spki" });
  return new Uint8Array(der.subarray(der.length - 32));
}

/** The 32-byte shared secret, or undefined for a public key of small order, which would make it known to everyone. */
export function x25519SharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Bytes | undefined {
  if (publicKey.length !== 32) return undefined;
  const peer = createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: "der", type: "spki" });
  let shared: Uint8Array;
  try {
    shared = diffieHellman({ privateKey: importPrivate(privateKey), publicKey: peer });
  } catch {
    return undefined; // the platform refuses some points of small order itself
  }
  return shared.every((byte) => byte === 0) ? undefined : new Uint8Array(shared);
}
