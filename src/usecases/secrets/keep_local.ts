/**
 * Keeping on this machine what was decided: the keychain, and the files beside it, under one lock per environment.
 *
 * @module
 */

import { AppError, isAppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { KeychainChange } from "../../ports/keychain.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import { type LocalSecret, localSecrets, type LocalState, metaOf, TOMBSTONE_VALUE } from "../../vault/local_state.ts";
import { lockPath } from "../../vault/places.ts";
import { updateEnvFiles } from "./env_files.ts";
import { nameList } from "./name_list.ts";
import type { LocalEnvironment } from "./open_known.ts";
import type { SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** One item to keep. */
export type LocalWrite =
  | {
    readonly op: "put";
    readonly name: SecretName;
    readonly state: Exclude<LocalState, "deleted">;
    readonly baseVersion: number;
    readonly value: Secret;
    readonly binding: SecretBinding;
    /** Whether the `.env` file holds this value already. Default: what writing the file comes to. */
    readonly inDotenv?: boolean;
  }
  /** Deleted here, and the server does not know yet. */
  | { readonly op: "tombstone"; readonly name: SecretName; readonly baseVersion: number }
  /** Gone, on the server too or never there. */
  | { readonly op: "remove"; readonly name: SecretName };

/** What keeping came to. */
export interface Kept {
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
  /** Left alone because another command changed them here in the meantime. */
  readonly overtaken: readonly SecretName[];
}

/** How to keep. */
export interface KeepOptions {
  /** Bring `.env` up to date too, where the storage mode has one. Default true. */
  readonly dotenv?: boolean;
  /** What is written is durable on the server: a keychain that fails is reported as such. */
  readonly committed?: boolean;
  /** Refuse with `conflict` when an item was overtaken, and write nothing. */
  readonly allOrNone?: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Applies `writes`. An item that another command has changed since this one began is left alone unless what is to be written
 * is newer: two commands at once lose nothing.
 *
 * @throws {AppError} `conflict` with `allOrNone`; `committed_not_kept` (the server has it, this keychain does not) when `committed`,
 * else the keychain's codes; `lock_timeout`
 */
export async function keepLocal(
  ports: SecretsPorts,
  environment: LocalEnvironment,
  writes: readonly LocalWrite[],
  options: KeepOptions = {},
): Promise<Kept> {
  if (writes.length === 0) return { files: [], warnings: [], overtaken: [] };
  const { signal } = options;
  const lock = lockPath(ports.places, `secrets-${environment.place.environmentId}`);
  const work = async (): Promise<Kept> => await keepLocked(ports, environment, writes, options);
  try {
    return await ports.files.withLock(lock, work, signal === undefined ? {} : { signal });
  } catch (error) {
    if (options.committed !== true || !isAppError(error)) throw error;
    const names = nameList(writes.map(({ name }) => name));
    throw new AppError("committed_not_kept", { names, reason: error.message }, { cause: error });
  }
}

async function keepLocked(
  ports: SecretsPorts,
  environment: LocalEnvironment,
  writes: readonly LocalWrite[],
  { dotenv = true, allOrNone = false, signal }: KeepOptions,
): Promise<Kept> {
  const { keychain, collection, files, storageMode } = environment;
  const now = localSecrets(await keychain.list(collection, signal));
  const due = writes.filter((write) => mayWrite(environment.local.get(write.name), now.get(write.name), write));
  const overtaken = writes.filter((write) => !due.includes(write)).map(({ name }) => name);
  if (allOrNone && overtaken.length > 0) throw new AppError("conflict", { names: nameList(overtaken) });
  // The file first: an item is marked as being in it only once it is.
  const outcome = files === undefined
    ? { files: [], warnings: [], inDotenv: new Set<SecretName>() }
    : await updateEnvFiles(
      ports.files,
      files,
      new Map(due.map((write) => [write.name, write.op === "put" ? write.value : null])),
      { values: dotenv && storageMode === 2, keepNames: await namesElsewhere(environment, due, signal) },
    );
  const mark = (write: LocalWrite & { op: "put" }): string | undefined =>
    write.inDotenv ?? outcome.inDotenv.has(write.name) ? files?.mark : undefined;
  using tombstone = Secret.fromText(TOMBSTONE_VALUE);
  await keychain.apply(due.map((write) => changeOf(environment, write, tombstone, mark)), signal);
  return { files: outcome.files, warnings: outcome.warnings, overtaken };
}

/** Whether the item is as it was when the command began, or what is to be written is newer than what came in between. */
function mayWrite(before: LocalSecret | undefined, now: LocalSecret | undefined, write: LocalWrite): boolean {
  if (now === undefined || (before?.state === now.state && before.baseVersion === now.baseVersion)) return true;
  return now.state === "synced" && write.op === "put" && write.state === "synced" &&
    write.baseVersion > now.baseVersion;
}

function changeOf(
  { collection, place }: LocalEnvironment,
  write: LocalWrite,
  tombstone: Secret,
  mark: (write: LocalWrite & { op: "put" }) => string | undefined,
): KeychainChange {
  const key = { collection, name: write.name };
  if (write.op === "remove") return { op: "remove", key };
  const label = `${write.name} (${place.project}, ${place.environment})`;
  if (write.op === "tombstone") {
    const meta = metaOf({ state: "deleted", baseVersion: write.baseVersion, binding: {} });
    return { op: "put", key, meta, value: tombstone, label };
  }
  const dotenv = mark(write);
  const { state, baseVersion, binding, value } = write;
  return { op: "put", key, meta: metaOf({ state, baseVersion, binding, ...(dotenv && { dotenv }) }), value, label };
}

/** Names that are removed here but exist in another environment of the project on this machine: `.env.example` keeps them. */
async function namesElsewhere(
  { keychain, collection, place }: LocalEnvironment,
  writes: readonly LocalWrite[],
  signal?: AbortSignal,
): Promise<Set<SecretName>> {
  if (writes.every((write) => write.op === "put")) return new Set();
  const project = `${place.workspaceId}/${place.projectId}/`;
  const others = (await keychain.collections(signal)).filter((c) => c.startsWith(project) && c !== collection);
  const lists = await Promise.all(others.map((other) => keychain.list(other, signal)));
  return new Set(
    lists.flatMap((list) => [...localSecrets(list).values()]).filter((s) => s.state !== "deleted")
      .map(({ name }) => name),
  );
}
