/**
 * The values that rest on this machine, as far as commands that end something need them: how many were never pushed, and
 * removing them. Values are never read here.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { EnvironmentId, ProjectId, WorkspaceId } from "../kernel/names.ts";
import type { Keychain, KeychainEntry } from "../ports/keychain.ts";

/** Which values: everything of a workspace, a project, or an environment. */
export interface ValuesOf {
  readonly workspaceId: WorkspaceId;
  readonly projectId?: ProjectId;
  readonly environmentId?: EnvironmentId;
}

/** Most items of one keychain batch: a system keychain answers each within its deadline. */
const BATCH = 200;

/** Items of every collection that holds values, or of those in `scope`. Deletions that were not pushed are among them. */
export async function listValues(keychain: Keychain, scope?: ValuesOf, signal?: AbortSignal): Promise<KeychainEntry[]> {
  const collections = (await keychain.collections(signal)).filter((name) => holdsValuesOf(name, scope));
  const lists = await Promise.all(collections.map((collection) => keychain.list(collection, signal)));
  return lists.flat();
}

/** How many were changed or deleted here and never pushed. */
export function countUnsynced(entries: readonly KeychainEntry[]): number {
  return entries.filter(({ meta }) => meta["state"] !== "synced").length;
}

/** @throws {AppError} `unsynced_changes` unless `force` */
export function refuseToLose(entries: readonly KeychainEntry[], force: boolean): void {
  const count = countUnsynced(entries);
  if (count > 0 && !force) throw new AppError("unsynced_changes", { count });
}

/** Removes them and tells how many were values (and not the traces of deletions). */
export async function removeValues(
  keychain: Keychain,
  entries: readonly KeychainEntry[],
  signal?: AbortSignal,
): Promise<number> {
  for (let at = 0; at < entries.length; at += BATCH) {
    const batch = entries.slice(at, at + BATCH);
    await keychain.apply(
      batch.map(({ collection, name }) => ({ op: "remove", key: { collection, name } })),
      signal,
    );
  }
  return entries.filter(({ meta }) => meta["state"] !== "deleted").length;
}

function holdsValuesOf(collection: string, scope: ValuesOf | undefined): boolean {
  const [workspace, project, environment] = collection.split("/");
  if (workspace === undefined || project === undefined || environment === undefined) return false;
  if (scope === undefined) return true;
  return workspace === scope.workspaceId &&
    (scope.projectId === undefined || scope.projectId === project) &&
    (scope.environmentId === undefined || scope.environmentId === environment);
}
