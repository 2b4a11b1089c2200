/**
 * Writing named secrets: on the server first, then here; here only when the server cannot be reached.
 *
 * @module
 */

import { AppError, isAppError } from "../../kernel/error.ts";
import { MIN_REDACTABLE_BYTES } from "../../kernel/limits.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { checkValue } from "../../vault/value.ts";
import { commitChanges, type Committed } from "./commit_changes.ts";
import { keepLocal, type LocalWrite } from "./keep_local.ts";
import { noteSync } from "./note_sync.ts";
import type { LocalEnvironment } from "./open_known.ts";
import type { OfflineEnvironment, OnlineEnvironment } from "./open_secrets.ts";
import type { ChangedSecret, SecretsWarning, WriteResult } from "./outcome.ts";
import { type Intent, type PlannedIntent, planWrites, type WritePlan } from "./plan_writes.ts";
import type { RemoteEnvironment } from "./remote_environment.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** How to write. */
export interface WriteOptions {
  readonly force: boolean;
  /** Known before: told beside what the write itself has to tell. */
  readonly warnings: readonly SecretsWarning[];
  readonly signal: AbortSignal | undefined;
}

/**
 * What a person should know of a value that is to be stored.
 *
 * @throws {AppError} `value_too_large`, `invalid_value`
 */
export function valueWarnings(name: SecretName, value: Secret): SecretsWarning[] {
  const { redactable, fitsEnvironment } = checkValue(name, value);
  const warnings: SecretsWarning[] = [];
  if (!redactable) warnings.push({ kind: "not_redactable", name, minBytes: MIN_REDACTABLE_BYTES });
  if (!fitsEnvironment) warnings.push({ kind: "not_for_environment", name });
  return warnings;
}

/**
 * Carries out `intents`, all or none.
 *
 * @throws {AppError} `conflict`, `committed_not_kept`, the codes of verifying a snapshot and of the keychain
 */
export async function writeSecrets(
  ports: SecretsPorts,
  environment: OnlineEnvironment | OfflineEnvironment,
  intents: readonly Intent[],
  options: WriteOptions,
): Promise<WriteResult> {
  if (intents.length === 0) {
    return { place: environment.place, secrets: [], stored: "server", files: [], warnings: options.warnings };
  }
  if (environment.remote === undefined) {
    return await keepUnsent(ports, environment, intents, environment.unreachable, options);
  }
  const committed = await commitIntents(environment, environment.remote, intents, options);
  if (committed instanceof AppError) return await keepUnsent(ports, environment, intents, committed, options);
  const result = await keepCommitted(ports, environment, committed, options);
  if (committed.failure === undefined) {
    await environment.remote.advancePin(options.signal);
    await noteSync(ports, "push", environment.place.environmentId);
    return result;
  }
  if (!isAppError(committed.failure, "server_unreachable")) throw committed.failure;
  const done = new Set(result.secrets.map(({ name }) => name));
  const rest = intents.filter(({ name }) => !done.has(name));
  return joined(result, await keepUnsent(ports, environment, rest, committed.failure, { ...options, warnings: [] }));
}

/** The commit, or why the server could not be reached before anything was committed. */
async function commitIntents(
  { local }: LocalEnvironment,
  remote: RemoteEnvironment,
  intents: readonly Intent[],
  { force, signal }: WriteOptions,
): Promise<Committed<WritePlan> | AppError> {
  const names = intents.map(({ name }) => name);
  try {
    return await commitChanges(remote, local, names, planWrites(intents, local, force), signal);
  } catch (error) {
    if (isAppError(error, "server_unreachable")) return error;
    throw error;
  }
}

/** Keeps here what is durable on the server. */
async function keepCommitted(
  ports: SecretsPorts,
  environment: LocalEnvironment,
  { plan, versions }: Committed<WritePlan>,
  { warnings, signal }: WriteOptions,
): Promise<WriteResult> {
  const durable = plan.intents.filter(({ intent, settled }) => settled !== undefined || versions.has(intent.name));
  const writes = durable.map((planned) => writeOf(planned, versions));
  const kept = await keepLocal(ports, environment, writes, { committed: true, signal });
  return {
    place: environment.place,
    secrets: durable.map((planned) => changed(planned, versions)),
    stored: "server",
    files: kept.files,
    warnings: [...warnings, ...kept.warnings],
  };
}

/** One result of what was committed and what was not: `local`, because not all of it is on the server. */
function joined(committed: WriteResult, unsent: WriteResult): WriteResult {
  return {
    ...unsent,
    secrets: [...committed.secrets, ...unsent.secrets],
    files: [...new Set([...committed.files, ...unsent.files])],
    warnings: [...committed.warnings, ...unsent.warnings],
  };
}

function versionOf({ intent, settled }: PlannedIntent, versions: ReadonlyMap<SecretName, number>): number {
  return versions.get(intent.name) ?? settled!;
}

function writeOf(planned: PlannedIntent, versions: ReadonlyMap<SecretName, number>): LocalWrite {
  const { intent, binding } = planned;
  if (intent.op === "delete") return { op: "remove", name: intent.name };
  const { name, value } = intent;
  return { op: "put", name, state: "synced", baseVersion: versionOf(planned, versions), value, binding };
}

function changed(planned: PlannedIntent, versions: ReadonlyMap<SecretName, number>): ChangedSecret {
  const version = versionOf(planned, versions);
  return {
    name: planned.intent.name,
    change: planned.outcome,
    ...(planned.intent.op === "delete" || version === 0 ? {} : { version }),
  };
}

/** Keeps changes here until a push. */
async function keepUnsent(
  ports: SecretsPorts,
  environment: LocalEnvironment,
  intents: readonly Intent[],
  unreachable: AppError,
  { warnings, signal }: WriteOptions,
): Promise<WriteResult> {
  const { local, place } = environment;
  const writes = intents.map((intent): LocalWrite => {
    const base = local.get(intent.name)?.baseVersion ?? 0;
    if (intent.op === "delete") {
      return base === 0
        ? { op: "remove", name: intent.name }
        : { op: "tombstone", name: intent.name, baseVersion: base };
    }
    const { name, value } = intent;
    const binding = intent.binding ?? local.get(name)?.binding ?? {};
    return { op: "put", name, state: "modified", baseVersion: base, value, binding };
  });
  const kept = await keepLocal(ports, environment, writes, { allOrNone: true, signal });
  const { origin, reason } = unreachable.fields;
  const notice: SecretsWarning = {
    kind: "kept_local",
    origin: String(origin),
    reason: String(reason),
    count: intents.length,
  };
  return {
    place,
    secrets: intents.map(({ name, op }) => {
      const before = local.get(name);
      const there = before !== undefined && before.state !== "deleted";
      return { name, change: op === "delete" ? "deleted" : there ? "updated" : "created" };
    }),
    stored: "local",
    files: kept.files,
    warnings: [...warnings, ...kept.warnings, notice],
  };
}
