/**
 * Committing changes against a chain that others extend at the same time: plan against a verified snapshot, seal, append; when
 * the head has moved, plan again against the new one (docs/spec/protocol.md §7).
 *
 * @module
 */

import { commitBatches } from "../../contract/limits.ts";
import { AppError, isAppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import { compareAll } from "../../vault/diff.ts";
import type { LocalSecret } from "../../vault/local_state.ts";
import type { PlannedChange, SealedChange } from "../../vault/seal.ts";
import type { RemoteSecret, VerifiedSnapshot } from "../../vault/snapshot.ts";
import type { RemoteEnvironment } from "./remote_environment.ts";

/** How often a moved head is followed before giving up; each time at least one other writer got through. */
const MAX_ATTEMPTS = 50;

/** The server's side of an environment when a plan is made. */
export interface RemoteSide {
  readonly snapshot: VerifiedSnapshot;
  readonly secrets: ReadonlyMap<SecretName, RemoteSecret>;
}

/** What a commit came to. */
export interface Committed<P> {
  /** The last plan. */
  readonly plan: P;
  /** Versions of everything that is durable on the server. */
  readonly versions: ReadonlyMap<SecretName, number>;
  /** Why the rest is not there; undefined when all is. Never set when nothing is: then it is thrown. */
  readonly failure: AppError | undefined;
}

/**
 * Decides on the changes. Called anew whenever the head moved; names in `done` are committed and need nothing more. Refuses a
 * conflict by throwing.
 */
export type Planner<P extends { readonly changes: readonly PlannedChange[] }> = (
  side: RemoteSide,
  done: ReadonlyMap<SecretName, number>,
) => P;

/**
 * A verified snapshot with the names in it, held against this machine's copies.
 *
 * @throws {AppError} `pin_mismatch` when the server shows an older version than this machine already had; those of
 * {@linkcode RemoteEnvironment.fetch}
 */
export async function fetchSide(
  remote: RemoteEnvironment,
  local: ReadonlyMap<SecretName, LocalSecret>,
  also: Iterable<SecretName>,
  signal?: AbortSignal,
): Promise<RemoteSide> {
  const snapshot = await remote.fetch(signal);
  const secrets = snapshot.secrets([...local.keys(), ...also]);
  const [older] = compareAll(local, secrets).rolledBack;
  if (older !== undefined) {
    const reason = `it shows an older version of '${older}' than this machine had from it`;
    throw new AppError("pin_mismatch", { what: `the snapshot of ${remote.place.environment}`, reason });
  }
  return { snapshot, secrets };
}

/**
 * Commits what `plan` decides on. More changes than one commit holds become several; all are checked for conflicts before the
 * first is sent.
 *
 * @throws {AppError} what `plan` throws; `server_unreachable` and others when nothing was committed yet; `head_moved` when other
 * writers never let this one through; then also those of {@linkcode fetchSide}
 */
export async function commitChanges<P extends { readonly changes: readonly PlannedChange[] }>(
  remote: RemoteEnvironment,
  local: ReadonlyMap<SecretName, LocalSecret>,
  names: Iterable<SecretName>,
  plan: Planner<P>,
  signal?: AbortSignal,
): Promise<Committed<P>> {
  const done = new Map<SecretName, number>();
  let planned: P | undefined;
  try {
    for (let attempt = 1;; attempt++) {
      const side = await fetchSide(remote, local, names, signal);
      planned = plan(side, done);
      const moved = await appendAll(remote, side.snapshot, planned.changes, done, signal);
      if (moved === undefined) return { plan: planned, versions: done, failure: undefined };
      if (attempt === MAX_ATTEMPTS) throw moved;
    }
  } catch (error) {
    if (done.size === 0 || planned === undefined || !isAppError(error)) throw error;
    return { plan: planned, versions: done, failure: error };
  }
}

/** Seals and appends everything in `done`'s absence; the error when the head had moved, undefined when all is durable. */
async function appendAll(
  remote: RemoteEnvironment,
  snapshot: VerifiedSnapshot,
  changes: readonly PlannedChange[],
  done: Map<SecretName, number>,
  signal?: AbortSignal,
): Promise<AppError | undefined> {
  let state = snapshot.state;
  const sealed = remote.seal(changes);
  for (const batch of commitBatches<SealedChange>(sealed, ({ envelope }) => envelope?.length ?? 0)) {
    try {
      state = await remote.append(state, batch, signal);
    } catch (error) {
      if (isAppError(error, "head_moved")) return error;
      throw error;
    }
    for (const { name, change } of batch) done.set(name, change.ver);
  }
  return undefined;
}
