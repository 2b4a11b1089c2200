/**
 * Self-certifying ids and fingerprints (docs/spec/protocol.md §4.1, §5): whoever holds an id holds the authentic root key.
 *
 * @module
 */

import { type Bytes, lengthPrefixed, utf8 } from "../../kernel/bytes.ts";
import { toBase32 } from "../../kernel/encoding.ts";
import type { UserId, WorkspaceId } from "../../kernel/names.ts";
import { sha256 } from "./sha256.ts";

/** The account's id: `u_` + base32 of the first 20 bytes of SHA-256(body of `account.genesis`). */
export function userIdOf(genesisBody: Uint8Array): UserId {
  return `u_${toBase32(sha256(genesisBody).subarray(0, 20))}` as UserId;
}

/** The workspace's id: `w_` + base32 of the first 20 bytes of SHA-256(body of `ws.create`). */
export function workspaceIdOf(genesisBody: Uint8Array): WorkspaceId {
  return `w_${toBase32(sha256(genesisBody).subarray(0, 20))}` as WorkspaceId;
}

/**
 * The account's fingerprint: SHA-256("agentsecrets/v1/fingerprint\0" || LP(user id, A's public key)). Invite links carry its
 * first 10 bytes, people compare {@linkcode formatFingerprint}.
 */
export function fingerprintOf(user: UserId, signingKey: Uint8Array): Bytes {
  return sha256(utf8("agentsecrets/v1/fingerprint\0"), lengthPrefixed(utf8(user), signingKey));
}

/** Thirty digits in six groups, from the fingerprint's first 30 bytes: five bytes each, modulo 100 000. About 99 bits. */
export function formatFingerprint(fingerprint: Uint8Array): string {
  const groups: string[] = [];
  for (let at = 0; at < 30; at += 5) {
    let value = 0;
    for (const byte of fingerprint.subarray(at, at + 5)) value = value * 256 + byte;
    groups.push(String(value % 100_000).padStart(5, "0"));
  }
  return groups.join(" ");
}
