/**
 * The root of an environment's snapshot (docs/spec/protocol.md §4.4).
 *
 * @module
 */

import { lengthPrefixed, u64be } from "../../kernel/bytes.ts";
import { fromBase64Url, fromHex } from "../../kernel/encoding.ts";
import { sha256Text } from "./sha256.ts";

/** A secret's latest version: 32 hex characters, version ≥ 1, base64url of SHA-256(envelope) or null for a tombstone. */
export interface RootItem {
  readonly sid: string;
  readonly ver: number;
  readonly h: string | null;
}

/**
 * base64url of SHA-256(LP(item₁, item₂, …)) with item = LP(sid 16 bytes, ver u64be, h 32 bytes or empty for a tombstone), sorted
 * by sid. Sids must be unique.
 */
export function snapshotRoot(items: Iterable<RootItem>): string {
  const sorted = [...items].sort((a, b) => (a.sid < b.sid ? -1 : a.sid > b.sid ? 1 : 0));
  const none = new Uint8Array(0);
  return sha256Text(lengthPrefixed(
    ...sorted.map(({ sid, ver, h }) =>
      lengthPrefixed(fromHex(sid)!, u64be(ver), h === null ? none : fromBase64Url(h)!)
    ),
  ));
}

/** base64url of SHA-256(envelope): `h` of a change. */
export function envelopeHash(envelope: Uint8Array): string {
  return sha256Text(envelope);
}
