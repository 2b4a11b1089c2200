/**
 * Keys by epoch: the newest from the grant that was sealed to this person, each older one from the envelope that the next epoch
 * carries. Every key is checked against the commitment in the verified log, so a server or an admin that hands out another key
 * is refused (docs/spec/protocol.md §2, §5).
 *
 * @module
 */

import type { Grants } from "../contract/workspaces.ts";
import { AppError } from "../kernel/error.ts";
import type { UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Timeline } from "../ledger/timeline.ts";
import type { KeyEpoch } from "../ledger/workspace_state.ts";

/** How one kind of key is opened. Both throw `decryption_failed`. */
export interface KeyOpener {
  /** The key of `epoch` from this person's grant. */
  readonly fromGrant: (epoch: KeyEpoch, sealed: Uint8Array) => Secret;
  /** The key before `epoch` from the envelope under `epoch`'s own. */
  readonly fromWrap: (epoch: KeyEpoch, key: Secret, wrap: Uint8Array, previous: KeyEpoch) => Secret;
}

/** Sealed bytes by their base64url hash, as the server handed them out. */
export interface SealedByHash {
  readonly grants: ReadonlyMap<string, Uint8Array>;
  readonly blobs: ReadonlyMap<string, Uint8Array>;
}

/** Looks sealed bytes up by the hashes that the log names: what the log does not name is never opened. */
export function byHash(answer: Grants): SealedByHash {
  return {
    grants: new Map(answer.grants.map(({ hash, sealed }) => [hash, sealed])),
    blobs: new Map(answer.blobs.map(({ hash, data }) => [hash, data])),
  };
}

/**
 * Every key that `user` can open, by epoch. The caller disposes of them.
 *
 * @throws {AppError} `role_required` when nothing was ever sealed to the user, `decryption_failed` when a sealed key is
 *   missing, damaged or another one than the log committed to
 */
export function openKeyEpochs(
  what: string,
  epochs: Timeline<KeyEpoch>,
  user: UserId,
  sealed: SealedByHash,
  opener: KeyOpener,
): Map<number, Secret> {
  const keys = new Map<number, Secret>();
  try {
    const newest = epochs.findLastIndex(({ value }) => value.recipients.has(user));
    if (newest < 0) throw new AppError("role_required", { action: `open ${what}`, role: "member" });
    const first = epochs[newest]!.value;
    let key = opener.fromGrant(first, found(what, sealed.grants, first.recipients.get(user)!));
    keys.set(first.epoch, key);
    for (let i = newest; i > 0; i--) {
      const [epoch, previous] = [epochs[i]!.value, epochs[i - 1]!.value];
      if (epoch.prevWrapHash === null) break;
      key = opener.fromWrap(epoch, key, found(what, sealed.blobs, epoch.prevWrapHash), previous);
      keys.set(previous.epoch, key);
    }
    return keys;
  } catch (error) {
    disposeAll(keys);
    throw error;
  }
}

/** Wipes keys by epoch. */
export function disposeAll(keys: ReadonlyMap<unknown, Secret>): void {
  for (const key of keys.values()) key.dispose();
}

function found(what: string, sealed: ReadonlyMap<string, Uint8Array>, hash: string): Uint8Array {
  const bytes = sealed.get(hash);
  if (bytes === undefined) throw new AppError("decryption_failed", { what });
  return bytes;
}
