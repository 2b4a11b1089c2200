/**
 * What `pull` and `push` are to do, decided before anything is done.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { RemoteVersion } from "./compare.ts";
import type { Comparison, Difference } from "./diff.ts";
import type { LocalSecret } from "./local_state.ts";

/** A name changed on both sides; a person decides. */
export interface Conflict {
  readonly name: SecretName;
  readonly local: LocalSecret;
  readonly remote: RemoteVersion;
}

/** Changes of this machine that a pull makes. */
export interface PullPlan {
  /** Take the server's version. */
  readonly take: readonly { readonly name: SecretName; readonly isNew: boolean }[];
  /** Remove here: deleted on the server. */
  readonly remove: readonly SecretName[];
  /** Tombstones that the server has confirmed. */
  readonly forget: readonly SecretName[];
  /** Changed here only: stays until a push. */
  readonly keep: readonly SecretName[];
  readonly conflicts: readonly Conflict[];
}

/** Changes of the server's side that a push makes. `after` is the version each extends; 0 for a new secret. */
export interface PushPlan {
  readonly set: readonly { readonly name: SecretName; readonly after: number; readonly isNew: boolean }[];
  readonly remove: readonly { readonly name: SecretName; readonly after: number }[];
  readonly conflicts: readonly Conflict[];
}

function conflictOf({ name, local, remote }: Difference): Conflict {
  return { name, local: local!, remote: remote! };
}

/**
 * `force` gives up changes made here wherever the server has something to take instead; what only this machine has stays even
 * then.
 */
export function planPull(comparison: Comparison, force: boolean): PullPlan {
  const take: { name: SecretName; isNew: boolean }[] = [];
  const remove: SecretName[] = [], keep: SecretName[] = [], conflicts: Conflict[] = [];
  for (const difference of comparison.differences) {
    const { name, relation, local, remote } = difference;
    if (relation === "conflict" && !force) conflicts.push(conflictOf(difference));
    else if (relation === "local_newer" && (!force || remote === undefined || remote.deleted)) keep.push(name);
    else if (remote!.deleted) remove.push(name);
    else take.push({ name, isNew: local === undefined || local.state === "deleted" });
  }
  return { take, remove, keep, conflicts, forget: comparison.agreedDeletions };
}

/** `force` writes this machine's side over changes of the server's. */
export function planPush(comparison: Comparison, force: boolean): PushPlan {
  const set: { name: SecretName; after: number; isNew: boolean }[] = [];
  const remove: { name: SecretName; after: number }[] = [];
  const conflicts: Conflict[] = [];
  for (const difference of comparison.differences) {
    const { name, relation, local, remote } = difference;
    if (relation === "remote_newer") continue;
    if (relation === "conflict" && !force) conflicts.push(conflictOf(difference));
    else if (local!.state !== "deleted") {
      set.push({ name, after: remote?.version ?? 0, isNew: remote === undefined || remote.deleted });
    } else if (remote !== undefined) remove.push({ name, after: remote.version });
  }
  return { set, remove, conflicts };
}
