/**
 * `secrets diff`: this machine against the server, by name and version.
 *
 * @module
 */

import { isAppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import { compareAll, type Difference } from "../../vault/diff.ts";
import type { LocalSecret } from "../../vault/local_state.ts";
import { fetchSide } from "./commit_changes.ts";
import { type DotenvSide, readDotenvSide } from "./dotenv_side.ts";
import { type OfflineEnvironment, type OnlineEnvironment, openSecretsAnyway } from "./open_secrets.ts";
import type { EnvironmentInput, EnvironmentPlace, SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export type DiffSecretsInput = EnvironmentInput;

export interface SecretDifference {
  readonly name: SecretName;
  readonly status: "local_only" | "remote_only" | "out_of_sync";
  /** Which side changed since this machine's copy; `both` is a conflict. */
  readonly newer: "local" | "remote" | "both";
  /** Version the local copy is based on; undefined when it was never on the server or is not here. */
  readonly localVersion?: number;
  readonly remoteVersion?: number;
  /** What the newer side did, where it is not simply another value. */
  readonly deleted?: "here" | "there";
  /** Present when the difference lies in a `.env` file that was not pushed: its path. */
  readonly file?: string;
}

export interface DiffSecretsResult {
  readonly place: EnvironmentPlace;
  /** Sorted by status (local_only, remote_only, out_of_sync), then name. Empty when nothing differs. */
  readonly differences: readonly SecretDifference[];
  /** How many secrets are the same on both sides. */
  readonly synced: number;
  /** False when the server was unreachable: then only changes made here are known. */
  readonly complete: boolean;
  readonly warnings: readonly SecretsWarning[];
}

const ORDER = ["local_only", "remote_only", "out_of_sync"] as const;

/**
 * Compares by versions: no value leaves the keychain, but those that a `.env` file holds too, which are compared in memory.
 *
 * @throws {AppError} the codes of verifying a snapshot, of opening an environment and of the keychain
 */
export async function diffSecrets(
  ports: SecretsPorts,
  input: DiffSecretsInput,
  signal?: AbortSignal,
): Promise<DiffSecretsResult> {
  using environment = await openSecretsAnyway(ports, input, signal);
  return await diffIn(ports, environment, signal);
}

/** As {@linkcode diffSecrets}, of an environment that is open already. */
export async function diffIn(
  ports: SecretsPorts,
  environment: OnlineEnvironment | OfflineEnvironment,
  signal?: AbortSignal,
): Promise<DiffSecretsResult> {
  using file = await readDotenvSide(ports, environment, signal);
  const { differences, synced, unreachable } = await sides(environment, signal);
  const inFile = fileDifferences(file, environment.local, new Set(differences.map(({ name }) => name)));
  const all = [...differences, ...inFile].sort((a, b) =>
    ORDER.indexOf(a.status) - ORDER.indexOf(b.status) || (a.name < b.name ? -1 : 1)
  );
  return {
    place: environment.place,
    differences: all,
    synced: synced.filter((name) => !inFile.some((difference) => difference.name === name)).length,
    complete: unreachable === undefined,
    warnings: [...(file?.warnings ?? []), ...(unreachable === undefined ? [] : [unreachable])],
  };
}

interface Sides {
  readonly differences: readonly SecretDifference[];
  readonly synced: readonly SecretName[];
  readonly unreachable: SecretsWarning | undefined;
}

async function sides(environment: OnlineEnvironment | OfflineEnvironment, signal?: AbortSignal): Promise<Sides> {
  const { local, remote } = environment;
  let failure = remote === undefined ? environment.unreachable : undefined;
  try {
    if (remote !== undefined) {
      const { differences, same } = compareAll(local, (await fetchSide(remote, local, [], signal)).secrets);
      return { differences: differences.map(differenceOf), synced: same, unreachable: undefined };
    }
  } catch (error) {
    if (!isAppError(error, "server_unreachable")) throw error;
    failure = error;
  }
  const changed = [...local.values()].filter(({ state }) => state !== "synced");
  const { origin, reason } = failure!.fields;
  return {
    differences: changed.map((secret) => differenceOf(changedHere(secret))),
    synced: [...local.values()].filter(({ state }) => state === "synced").map(({ name }) => name),
    unreachable: { kind: "server_unreachable", origin: String(origin), reason: String(reason) },
  };
}

/** A change made here, as far as it can be told without the server: the version it was based on is still the newest known. */
function changedHere(local: LocalSecret): Difference {
  const remote = local.baseVersion === 0 ? undefined : { version: local.baseVersion, deleted: false };
  return { name: local.name, relation: "local_newer", local, remote };
}

function differenceOf({ name, relation, local, remote }: Difference): SecretDifference {
  const thereLive = remote !== undefined && !remote.deleted;
  const status = local === undefined
    ? "remote_only"
    : thereLive || local.baseVersion > 0
    ? "out_of_sync"
    : "local_only";
  const newer = relation === "conflict" ? "both" : relation === "local_newer" ? "local" : "remote";
  const deleted = local?.state === "deleted"
    ? "here"
    : remote?.deleted === true && status !== "local_only"
    ? "there"
    : undefined;
  return {
    name,
    status,
    newer,
    ...(local === undefined || local.baseVersion === 0 ? {} : { localVersion: local.baseVersion }),
    ...(remote === undefined ? {} : { remoteVersion: remote.version }),
    ...(deleted === undefined ? {} : { deleted }),
  };
}

/** What a push of the `.env` file would change, or show as a conflict. */
function fileDifferences(
  file: DotenvSide | undefined,
  local: ReadonlyMap<SecretName, LocalSecret>,
  listed: ReadonlySet<SecretName>,
): SecretDifference[] {
  if (file === undefined) return [];
  return [...file.differences.values()].filter(({ name }) => !listed.has(name)).map(({ name, kind }) => {
    const base = local.get(name)?.baseVersion ?? 0;
    return {
      name,
      status: kind === "new" ? "local_only" : "out_of_sync",
      newer: kind === "unclear" ? "both" : "local",
      ...(base === 0 ? {} : { localVersion: base, remoteVersion: base }),
      file: file.path,
    };
  });
}
