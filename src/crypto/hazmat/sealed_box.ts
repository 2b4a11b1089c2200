/**
 * Sealed boxes as libsodium's `crypto_box_seal` makes them: ephemeral public key || XSalsa20-Poly1305(message) with
 * key = HSalsa20(X25519) and nonce = BLAKE2b-192(ephemeral || recipient).
 *
 * @module
 */

import { hsalsa, xsalsa20poly1305 } from "@noble/ciphers/salsa.js";
import { blake2b } from "@noble/hashes/blake2.js";
import { type Bytes, concat, type RandomBytes } from "../../kernel/bytes.ts";
import { x25519PublicKey, x25519SharedSecret } from "./x25519.ts";

/** What sealing adds to a message: an ephemeral key and a tag. */
export const SEALED_BOX_OVERHEAD = 48;

/** "expand 32-byte k" as little-endian words. */
const SIGMA = Uint32Array.of(0x61707865, 0x3320646e, 0x79622d32, 0x6b206574);

/** Words of bytes, little-endian whatever the machine. */
function words(bytes: Uint8Array): Uint32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Uint32Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(i * 4, true));
}

function bytesOf(from: Uint32Array): Bytes {
  const view = new DataView(new ArrayBuffer(from.length * 4));
  from.forEach((word, i) => view.setUint32(i * 4, word, true));
  return new Uint8Array(view.buffer);
}

/** `crypto_box_beforenm`: HSalsa20 of the shared secret with a zero input. */
function boxKey(shared: Uint8Array): Bytes {
  const out = new Uint32Array(8);
  hsalsa(SIGMA, words(shared), new Uint32Array(4), out);
  return bytesOf(out);
}

function nonceOf(ephemeral: Uint8Array, recipient: Uint8Array): Uint8Array {
  return blake2b(concat(ephemeral, recipient), { dkLen: 24 });
}

/** Seals `message` to the X25519 key `recipient`. @throws {RangeError} If that key is of small order. */
export function sealBox(message: Uint8Array, recipient: Uint8Array, random: RandomBytes): Bytes {
  const ephemeralPrivate = random(32);
  const ephemeral = x25519PublicKey(ephemeralPrivate);
  const shared = x25519SharedSecret(ephemeralPrivate, recipient);
  ephemeralPrivate.fill(0);
  if (shared === undefined) throw new RangeError("not a usable X25519 public key");
  const key = boxKey(shared);
  const sealed = concat(ephemeral, xsalsa20poly1305(key, nonceOf(ephemeral, recipient)).encrypt(message));
  key.fill(0);
  shared.fill(0);
  return sealed;
}

/** The message, or undefined when `box` was not sealed to this key or was changed. */
export function openBox(box: Uint8Array, recipient: Uint8Array, privateKey: Uint8Array): Bytes | undefined {
  if (box.length < SEALED_BOX_OVERHEAD) return undefined;
  const ephemeral = box.subarray(0, 32);
  const shared = x25519SharedSecret(privateKey, ephemeral);
  if (shared === undefined) return undefined;
  const key = boxKey(shared);
  shared.fill(0);
  try {
    return new Uint8Array(xsalsa20poly1305(key, nonceOf(ephemeral, recipient)).decrypt(box.subarray(32)));
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}
