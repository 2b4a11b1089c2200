/**
 * `secrets pull`: the server's secrets into the keychain and, in storage mode 2, into `.env`.
 *
 * @module
 */

import type { SecretContent } from "../../crypto/secret_envelope.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { compareAll } from "../../vault/diff.ts";
import { planPull, type PullPlan } from "../../vault/plan.ts";
import { fetchSide, type RemoteSide } from "./commit_changes.ts";
import { conflictOf } from "./conflicts.ts";
import { type DotenvSide, readDotenvSide } from "./dotenv_side.ts";
import { keepLocal, type LocalWrite } from "./keep_local.ts";
import { noteSync } from "./note_sync.ts";
import { type OnlineEnvironment, openSecrets } from "./open_secrets.ts";
import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, SecretConflict, SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface PullSecretsInput extends EnvironmentInput {
  /** Take the server's side of everything that it has: changes made here to those are lost. */
  readonly force?: boolean;
}

export interface PullSecretsResult {
  readonly place: EnvironmentPlace;
  /** What changed here; `unchanged` ones are counted, not listed. */
  readonly pulled: readonly ChangedSecret[];
  readonly unchanged: number;
  /** Changed here only: kept until `secrets push`. */
  readonly kept: readonly SecretName[];
  /** Changed on both sides: left as they are here. A command that gets any exits with the number of `pull_conflict`. */
  readonly conflicts: readonly SecretConflict[];
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/**
 * Brings this machine up to date. What was changed here and not pushed stays as it is.
 *
 * @throws {AppError} `server_unreachable`, `snapshot_invalid`, `pin_mismatch`, `signature_invalid`, `log_invalid`,
 * `decryption_failed`, the codes of opening an environment and of the keychain; then nothing was changed here
 */
export async function pullSecrets(
  ports: SecretsPorts,
  input: PullSecretsInput,
  signal?: AbortSignal,
): Promise<PullSecretsResult> {
  const force = input.force === true;
  using environment = await openSecrets(ports, input, signal);
  const { local, remote, place, storageMode } = environment;
  using file = storageMode === 2 ? await readDotenvSide(ports, environment, signal) : undefined;
  const side = await fetchSide(remote, local, [], signal);
  const comparison = compareAll(local, side.secrets);
  const plan = planPull(comparison, force);
  const contents = openAll(side, plan);
  const inMode2: Secret[] = [];
  try {
    const edited = force ? new Set<SecretName>() : editedInFile(file, plan, contents);
    const writes = [...takenWrites(side, plan, contents, edited)];
    if (storageMode === 2) writes.push(...await missingInFile(environment, file, force, writes, inMode2, signal));
    const kept = await keepLocal(ports, environment, writes, { signal });
    await remote.advancePin(signal);
    await noteSync(ports, "pull", place.environmentId);
    const left = new Set([...edited, ...kept.overtaken]);
    return {
      place,
      pulled: pulledOf(plan, side, left),
      unchanged: comparison.same.length,
      kept: keptNames(plan, file, edited, kept.overtaken),
      conflicts: [
        ...plan.conflicts.map(({ local, remote }) => conflictOf(local.name, local, remote)),
        ...[...edited].map((name) => conflictOf(name, "file", side.secrets.get(name), local.get(name)?.baseVersion)),
      ],
      files: kept.files,
      warnings: [...(file?.warnings ?? []), ...kept.warnings],
    };
  } finally {
    for (const { value } of contents.values()) value.dispose();
    for (const value of inMode2) value.dispose();
  }
}

/** What changed here, but for what was left alone after all. */
function pulledOf(plan: PullPlan, { secrets }: RemoteSide, left: ReadonlySet<SecretName>): ChangedSecret[] {
  const taken = plan.take.filter(({ name }) => !left.has(name)).map(({ name, isNew }): ChangedSecret => {
    return { name, change: isNew ? "created" : "updated", version: secrets.get(name)!.version };
  });
  const removed = plan.remove.filter((name) => !left.has(name));
  return [...taken, ...removed.map((name): ChangedSecret => ({ name, change: "deleted" }))];
}

/** Changed here and left so: in the keychain, in the `.env` file, or by another command while this one ran. */
function keptNames(
  plan: PullPlan,
  file: DotenvSide | undefined,
  edited: ReadonlySet<SecretName>,
  overtaken: readonly SecretName[],
): SecretName[] {
  const replaced = new Set([...edited, ...plan.take.map(({ name }) => name), ...plan.remove]);
  const inFile = [...file?.differences.keys() ?? []].filter((name) => !replaced.has(name));
  return [...new Set([...plan.keep, ...inFile, ...overtaken])].sort();
}

function openAll({ snapshot, secrets }: RemoteSide, plan: PullPlan): Map<SecretName, SecretContent> {
  return new Map(plan.take.map(({ name }) => [name, snapshot.open(secrets.get(name)!.sid)]));
}

/** What the server changed but the `.env` file holds edited: taking it would lose the edit. */
function editedInFile(
  file: DotenvSide | undefined,
  plan: PullPlan,
  contents: ReadonlyMap<SecretName, SecretContent>,
): Set<SecretName> {
  const touched = [...plan.take.map(({ name }) => name), ...plan.remove];
  return new Set(touched.filter((name) => {
    const difference = file?.differences.get(name);
    return difference !== undefined && contents.get(name)?.value.equals(difference.value) !== true;
  }));
}

function* takenWrites(
  { secrets }: RemoteSide,
  plan: PullPlan,
  contents: ReadonlyMap<SecretName, SecretContent>,
  edited: ReadonlySet<SecretName>,
): Generator<LocalWrite> {
  for (const { name } of plan.take) {
    if (edited.has(name)) continue;
    const { value, binding = {} } = contents.get(name)!;
    yield { op: "put", name, state: "synced", baseVersion: secrets.get(name)!.version, value, binding };
  }
  for (const name of [...plan.remove, ...plan.forget]) if (!edited.has(name)) yield { op: "remove", name };
}

/** Secrets that stay as they are here but are missing in `.env`, or with `force` differ there: written again for the file. */
async function missingInFile(
  { local, keychain, collection }: OnlineEnvironment,
  file: DotenvSide | undefined,
  force: boolean,
  writes: readonly LocalWrite[],
  values: Secret[],
  signal?: AbortSignal,
): Promise<LocalWrite[]> {
  const written = new Set(writes.map(({ name }) => name));
  const names = [...local.values()].filter(({ name, state }) =>
    state !== "deleted" && !written.has(name) && file?.equal.has(name) !== true &&
    (force || file?.differences.has(name) !== true)
  ).map(({ name }) => name);
  const items = names.length === 0 ? [] : await keychain.getMany(collection, names, signal);
  return items.map((item) => {
    values.push(item.value);
    const { name, state, baseVersion, binding } = local.get(item.name as SecretName)!;
    return { op: "put", name, state: state as "synced" | "modified", baseVersion, value: item.value, binding };
  });
}
