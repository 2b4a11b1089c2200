/**
 * SHA-256 (FIPS 180-4) by the platform.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { Bytes } from "../../kernel/bytes.ts";
import { toBase64Url } from "../../kernel/encoding.ts";

/** The 32-byte digest of `parts`, one after another. */
export function sha256(...parts: readonly Uint8Array[]): Bytes {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}

/** {@linkcode sha256} in unpadded base64url: how hashes appear in signed bodies. */
export function sha256Text(...parts: readonly Uint8Array[]): string {
  return toBase64Url(sha256(...parts));
}
