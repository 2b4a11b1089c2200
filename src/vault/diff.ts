/**
 * Every difference between this machine and the server.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import { compare, type RemoteVersion } from "./compare.ts";
import type { LocalSecret } from "./local_state.ts";

/** Both sides of one name that are not the same. */
export interface Difference {
  readonly name: SecretName;
  readonly relation: "local_newer" | "remote_newer" | "conflict";
  readonly local: LocalSecret | undefined;
  readonly remote: RemoteVersion | undefined;
}

/** Two sides of an environment, compared. */
export interface Comparison {
  /** Sorted by name. */
  readonly differences: readonly Difference[];
  /** Secrets that are the same on both sides. */
  readonly same: readonly SecretName[];
  /** Deleted on both sides: tombstones here that can go. */
  readonly agreedDeletions: readonly SecretName[];
  /** Names whose version on the server is behind what this machine already had. Refuse the snapshot when there is one. */
  readonly rolledBack: readonly SecretName[];
}

/** Compares all names of both sides. */
export function compareAll(
  local: ReadonlyMap<SecretName, LocalSecret>,
  remote: ReadonlyMap<SecretName, RemoteVersion>,
): Comparison {
  const differences: Difference[] = [];
  const same: SecretName[] = [], agreedDeletions: SecretName[] = [], rolledBack: SecretName[] = [];
  for (const name of [...new Set([...local.keys(), ...remote.keys()])].sort()) {
    const here = local.get(name), there = remote.get(name);
    const relation = compare(here, there);
    if (relation === "same") {
      if (here !== undefined) same.push(name);
    } else if (relation === "agreed_deletion") agreedDeletions.push(name);
    else if (relation === "rolled_back") rolledBack.push(name);
    else differences.push({ name, relation, local: here, remote: there });
  }
  return { differences, same, agreedDeletions, rolledBack };
}
