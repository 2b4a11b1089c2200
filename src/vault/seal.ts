/**
 * Sealing changes for a commit: each becomes an envelope bound to its place and version, and the line of the commit that names
 * it (docs/spec/protocol.md §3, §4).
 *
 * @module
 */

import type { CommitChange } from "../contract/environment_commits.ts";
import { sealSecret } from "../crypto/secret_envelope.ts";
import { envelopeHash } from "../crypto/verify/snapshot_root.ts";
import type { Bytes, RandomBytes } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { SecretName, Sid } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { EnvironmentPlace } from "../ledger/environment_state.ts";
import type { SecretBinding } from "../ports/secret_reader.ts";
import type { SnapshotKeys } from "./snapshot.ts";

/** A change that is to be committed. `version` is the one it makes: the newest of the secret plus one. */
export type PlannedChange =
  | {
    readonly op: "set";
    readonly name: SecretName;
    readonly sid: Sid;
    readonly version: number;
    readonly value: Secret;
    readonly binding: SecretBinding;
  }
  | { readonly op: "delete"; readonly name: SecretName; readonly sid: Sid; readonly version: number };

/** A change, ready to be sent. */
export interface SealedChange {
  readonly name: SecretName;
  readonly change: CommitChange;
  /** Undefined for a deletion. */
  readonly envelope: Bytes | undefined;
}

/** Seals `changes` under the key of `epoch`. @throws {AppError} `invalid_value`, `role_required` without that key */
export function sealChanges(
  place: EnvironmentPlace,
  keys: SnapshotKeys,
  epoch: number,
  changes: readonly PlannedChange[],
  random: RandomBytes,
): SealedChange[] {
  const environment = keys.environmentKeys.get(epoch);
  if (environment === undefined) {
    throw new AppError("role_required", { action: "write to this environment", role: "member" });
  }
  return changes.map((change) => {
    const { name, sid, version: ver } = change;
    if (change.op === "delete") return { name, change: { sid, ver, op: "delete", h: null }, envelope: undefined };
    const { value, binding } = change;
    const bound = binding.domains !== undefined || binding.methods !== undefined;
    const content = { name, value, ...(bound ? { binding } : {}) };
    const envelope = sealSecret(
      { environment, name: keys.nameKey },
      { ...place, sid, ver, epoch },
      content,
      random,
    );
    return { name, change: { sid, ver, op: "set", h: envelopeHash(envelope) }, envelope };
  });
}
