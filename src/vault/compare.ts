/**
 * This machine's copy of one secret against the server's, three-way: the version a copy is based on is the common ancestor, so
 * no value is ever needed to tell who changed what (docs/spec/protocol.md §7).
 *
 * @module
 */

import type { LocalSecret } from "./local_state.ts";

/** What the verified snapshot says of a name; undefined when the environment never had it. */
export interface RemoteVersion {
  /** From 1; a deletion takes a version of its own. */
  readonly version: number;
  readonly deleted: boolean;
}

/**
 * - `same`: nothing to do.
 * - `local_newer`: only this machine changed it.
 * - `remote_newer`: only the server's side changed it, or this machine does not have it.
 * - `conflict`: both changed it.
 * - `agreed_deletion`: deleted on both sides; the tombstone here can go.
 * - `rolled_back`: the server shows less than this machine already had from it. Never acceptable.
 */
export type Relation = "same" | "local_newer" | "remote_newer" | "conflict" | "agreed_deletion" | "rolled_back";

/** How `local` and `remote` of one name relate. At least one of them should be there. */
export function compare(local: LocalSecret | undefined, remote: RemoteVersion | undefined): Relation {
  if (local === undefined) return remote === undefined || remote.deleted ? "same" : "remote_newer";
  const base = local.baseVersion;
  if (remote === undefined) {
    return base > 0 ? "rolled_back" : local.state === "deleted" ? "agreed_deletion" : "local_newer";
  }
  if (remote.version < base) return "rolled_back";
  if (local.state === "deleted") return comparedToTombstone(base, remote);
  if (remote.version === base) {
    // The version this copy was taken from was a value; the same version cannot be a deletion now.
    return remote.deleted ? "rolled_back" : local.state === "synced" ? "same" : "local_newer";
  }
  if (local.state === "synced") return "remote_newer";
  // Made here while the server's one was long deleted: nobody's change is lost by storing it.
  return base === 0 && remote.deleted ? "local_newer" : "conflict";
}

function comparedToTombstone(base: number, remote: RemoteVersion): Relation {
  if (remote.deleted) return "agreed_deletion";
  return remote.version === base ? "local_newer" : "conflict";
}
