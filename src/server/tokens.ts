/**
 * Opaque bearer tokens: 32 random bytes, of which the server keeps only the SHA-256. There is no signing key that could leak, and
 * what is deleted is revoked at once.
 *
 * @module
 */

import type { Bytes } from "../kernel/bytes.ts";
import { utf8 } from "../kernel/bytes.ts";
import { toBase32, toBase64Url } from "../kernel/encoding.ts";
import { sha256 } from "../crypto/verify/sha256.ts";
import type { Random } from "../ports/random.ts";

/** A token for its owner and its hash for the server. */
export interface NewToken {
  readonly token: string;
  readonly hash: Bytes;
}

/** `ses1_…` opens a session, `stp1_…` is a step-up. */
export function newToken(kind: "ses" | "stp", random: Random): NewToken {
  const token = `${kind}1_${toBase64Url(random(32))}`;
  return { token, hash: tokenHash(token) };
}

/** What is stored and looked up. Preimage resistance makes a lookup by hash safe against timing. */
export function tokenHash(token: string): Bytes {
  return sha256(utf8(token));
}

/** A public handle: `prefix` + base32 of `bytes` random bytes. */
export function newId(prefix: "s_" | "c_", bytes: number, random: Random): string {
  return prefix + toBase32(random(bytes));
}
