/**
 * What the changes of a commit do to an environment's items (docs/spec/protocol.md §4.4).
 *
 * @module
 */

import type { CommitChange, SnapshotItem } from "../contract/environment_commits.ts";
import type { Sid } from "../kernel/names.ts";
import type { EnvironmentState } from "./environment_state.ts";

/** The version that the next change of `sid` must have: 1 for a new secret, one more than a tombstone's for a deleted one. */
export function nextVersion(environment: Pick<EnvironmentState, "items">, sid: Sid): number {
  return (environment.items.get(sid)?.ver ?? 0) + 1;
}

/** The items after `changes`. Checks nothing: {@linkcode changesProblem} does. */
export function appliedChanges(
  items: ReadonlyMap<Sid, SnapshotItem>,
  changes: readonly CommitChange[],
): Map<Sid, SnapshotItem> {
  const next = new Map(items);
  for (const { sid, ver, h } of changes) next.set(sid, { sid, ver, h });
  return next;
}

/** Why `changes` may not follow `items`, or undefined when they may. */
export function changesProblem(
  items: ReadonlyMap<Sid, SnapshotItem>,
  changes: readonly CommitChange[],
): string | undefined {
  const seen = new Set<Sid>();
  for (const { sid, ver, op } of changes) {
    if (seen.has(sid)) return "it changes a secret twice";
    seen.add(sid);
    if (ver !== nextVersion({ items }, sid)) return "it skips or repeats a version";
    const before = items.get(sid);
    if (op === "delete" && (before === undefined || before.h === null)) return "it deletes what is not there";
  }
  return undefined;
}

/** Secrets among `items` that are not tombstones. */
export function liveCount(items: ReadonlyMap<Sid, SnapshotItem>): number {
  let count = 0;
  for (const { h } of items.values()) if (h !== null) count++;
  return count;
}
