/**
 * AES-256-GCM (NIST SP 800-38D) by node:crypto. Nonces must be unique per key; the envelope derives both anew each time.
 *
 * @module
 */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Bytes, concat } from "../../kernel/bytes.ts";

/** Length of the tag at the end of a ciphertext. */
export const TAG_BYTES = 16;

/** Ciphertext || tag. `key` 32 bytes, `nonce` 12. */
export function encryptAesGcm(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plaintext: Uint8Array): Bytes {
  checkSizes(key, nonce);
  const cipher = createCipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(aad);
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

/** The plaintext, or undefined when key, nonce, AAD, ciphertext or tag are not those of one encryption. */
export function decryptAesGcm(
  key: Uint8Array,
  nonce: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Bytes | undefined {
  checkSizes(key, nonce);
  if (sealed.length < TAG_BYTES) return undefined;
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const unverified = decipher.update(sealed.subarray(0, sealed.length - TAG_BYTES));
  try {
    return concat(unverified, decipher.final());
  } catch {
    unverified.fill(0); // nothing unauthenticated leaves this function
    return undefined;
  }
}

function checkSizes(key: Uint8Array, nonce: Uint8Array): void {
  if (key.length !== 32 || nonce.length !== 12) {
    throw new RangeError("AES-256-GCM takes a 32-byte key and a 12-byte nonce");
  }
}
