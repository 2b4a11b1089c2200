/**
 * `secrets push`: local changes, and what a `.env` file holds, to the server.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import { commitChanges } from "./commit_changes.ts";
import { type DotenvSide, readDotenvSide } from "./dotenv_side.ts";
import { keepLocal, type LocalWrite } from "./keep_local.ts";
import { noteSync } from "./note_sync.ts";
import { type OnlineEnvironment, openSecrets } from "./open_secrets.ts";
import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, SecretConflict, SecretsWarning } from "./outcome.ts";
import { planPushed, type Pushed, type PushedPlan } from "./plan_push.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { valueWarnings } from "./write_secrets.ts";

export interface PushSecretsInput extends EnvironmentInput {
  /** Overwrite what changed on the server too; a `.env` file's values win over the keychain's. */
  readonly force?: boolean;
  /** False leaves a `.env` file alone and pushes local changes only. Default true. */
  readonly dotenv?: boolean;
}

export interface PushSecretsResult {
  readonly place: EnvironmentPlace;
  /** What went to the server; `unchanged` ones are counted, not listed. */
  readonly pushed: readonly ChangedSecret[];
  readonly unchanged: number;
  /** Left as they are on both sides. A command that gets any exits with the number of `conflict`. */
  readonly conflicts: readonly SecretConflict[];
  /** The `.env` file that was read, if one was there. */
  readonly source?: string;
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/**
 * Pushes what is later here. Names that are missing in `.env` are not deleted: `secrets delete` does that.
 *
 * @throws {AppError} `server_unreachable`, `invalid_input`, `invalid_value`, `value_too_large`, `committed_not_kept`, the codes of
 * opening an environment and of the keychain
 */
export async function pushSecrets(
  ports: SecretsPorts,
  input: PushSecretsInput,
  signal?: AbortSignal,
): Promise<PushSecretsResult> {
  const force = input.force === true;
  using environment = await openSecrets(ports, input, signal);
  const { remote, place } = environment;
  using file = input.dotenv === false ? undefined : await readDotenvSide(ports, environment, signal);
  const pushed = await gather(environment, file, force, signal);
  try {
    const names = pushed.local.keys();
    const committed = await commitChanges(remote, environment.local, names, planPushed(pushed, force), signal);
    const { plan, versions, failure } = committed;
    const done = new Map([...plan.settled, ...versions]);
    const kept = await keepLocal(ports, environment, keptWrites(environment, file, pushed, plan, done), {
      committed: versions.size > 0,
      dotenv: false,
      signal,
    });
    if (failure !== undefined) throw failure;
    await remote.advancePin(signal);
    await noteSync(ports, "push", place.environmentId);
    return {
      place,
      pushed: [...versions].map(([name, version]) => changed(pushed, plan, name, version)),
      unchanged: plan.same.length + plan.settled.size,
      conflicts: plan.conflicts,
      ...(file === undefined ? {} : { source: file.path }),
      files: kept.files,
      warnings: [...(file?.warnings ?? []), ...pushed.warnings, ...kept.warnings],
    };
  } finally {
    for (const [name, value] of pushed.values) if (!pushed.fromFile.has(name)) value.dispose();
  }
}

async function gather(
  { local, keychain, collection }: OnlineEnvironment,
  file: DotenvSide | undefined,
  force: boolean,
  signal?: AbortSignal,
): Promise<Pushed> {
  const modified = [...local.values()].filter(({ state }) => state === "modified").map(({ name }) => name);
  const items = modified.length === 0 ? [] : await keychain.getMany(collection, modified, signal);
  const values = new Map(items.map((item) => [item.name as SecretName, item.value]));
  const sides = new Map(local);
  const unclear: SecretName[] = [], fromFile = new Set<SecretName>();
  const warnings: SecretsWarning[] = [];
  for (const { name, kind, value } of file?.differences.values() ?? []) {
    if (kind === "unclear" && !force) {
      unclear.push(name);
      continue;
    }
    warnings.push(...valueWarnings(name, value));
    const here = local.get(name);
    sides.set(name, { name, state: "modified", baseVersion: here?.baseVersion ?? 0, binding: here?.binding ?? {} });
    values.get(name)?.dispose();
    values.set(name, value);
    fromFile.add(name);
  }
  return { local: sides, values, fromFile, unclear, warnings };
}

/** What the keychain is to hold now; also marks what the file was seen to hold. */
function keptWrites(
  { local, files }: OnlineEnvironment,
  file: DotenvSide | undefined,
  pushed: Pushed,
  plan: PushedPlan,
  done: ReadonlyMap<SecretName, number>,
): LocalWrite[] {
  const writes = plan.forget.map((name): LocalWrite => ({ op: "remove", name }));
  for (const [name, baseVersion] of done) {
    if (pushed.local.get(name)!.state === "deleted") {
      writes.push({ op: "remove", name });
      continue;
    }
    const inDotenv = file === undefined
      ? local.get(name)?.dotenv === files?.mark
      : pushed.fromFile.has(name) || file.equal.has(name);
    const [value, binding] = [pushed.values.get(name)!, plan.bindings.get(name)!];
    writes.push({ op: "put", name, state: "synced", baseVersion, value, binding, inDotenv });
  }
  for (const [name, value] of file?.equal ?? []) {
    const { state, baseVersion, binding, dotenv } = local.get(name)!;
    if (done.has(name) || dotenv === files?.mark || state === "deleted") continue;
    writes.push({ op: "put", name, state, baseVersion, value, binding, inDotenv: true });
  }
  return writes;
}

function changed(pushed: Pushed, plan: PushedPlan, name: SecretName, version: number): ChangedSecret {
  if (pushed.local.get(name)!.state === "deleted") return { name, change: "deleted" };
  return { name, change: plan.created.has(name) ? "created" : "updated", version };
}
