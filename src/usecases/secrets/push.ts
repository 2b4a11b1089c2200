/**
 * `secrets push`: local changes, and what a `.env` file holds, to the server.
 *
 * @module
 */

import type { SecretName, Sid } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import { updateConfig } from "../../vault/config.ts";
import { compareAll } from "../../vault/diff.ts";
import { type LocalSecret, sameBinding } from "../../vault/local_state.ts";
import { planPush, type PushPlan } from "../../vault/plan.ts";
import type { PlannedChange } from "../../vault/seal.ts";
import { commitChanges, type Planner, type RemoteSide } from "./commit_changes.ts";
import { conflictOf } from "./conflicts.ts";
import { type DotenvSide, readDotenvSide } from "./dotenv_side.ts";
import { keepLocal, type LocalWrite } from "./keep_local.ts";
import { type OnlineEnvironment, openSecrets } from "./open_secrets.ts";
import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, SecretConflict, SecretsWarning } from "./outcome.ts";
import { bindingIfSame, bindingNow } from "./plan_writes.ts";
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

/** What this machine has to push: its copies, with a `.env` file's changes laid over them. */
interface Pushed {
  readonly local: ReadonlyMap<SecretName, LocalSecret>;
  readonly values: ReadonlyMap<SecretName, Secret>;
  /** Names whose value comes from the file. */
  readonly fromFile: ReadonlySet<SecretName>;
  /** Names that differ in the file, with no telling which is later: pushed from neither. */
  readonly unclear: readonly SecretName[];
  readonly warnings: readonly SecretsWarning[];
}

interface PushedPlan {
  readonly changes: readonly PlannedChange[];
  /** Already there with the same value, at this version. */
  readonly settled: ReadonlyMap<SecretName, number>;
  /** What each set or settled secret is bound to. */
  readonly bindings: ReadonlyMap<SecretName, SecretBinding>;
  readonly created: ReadonlySet<SecretName>;
  readonly conflicts: readonly SecretConflict[];
  readonly same: readonly SecretName[];
  readonly forget: readonly SecretName[];
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
    const committed = await commitChanges(remote, environment.local, names, planner(pushed, force), signal);
    const { plan, versions, failure } = committed;
    const done = new Map([...plan.settled, ...versions]);
    const kept = await keepLocal(ports, environment, keptWrites(environment, file, pushed, plan, done), {
      committed: versions.size > 0,
      dotenv: false,
      signal,
    });
    if (failure !== undefined) throw failure;
    await remote.advancePin(signal);
    const now = ports.clock.now();
    await updateConfig(ports.files, ports.places, (config) => ({
      ...config,
      last: { ...config.last, push: { ...config.last.push, [place.environmentId]: now } },
    }));
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

function planner(pushed: Pushed, force: boolean): Planner<PushedPlan> {
  return (side, done) => {
    const { snapshot, secrets } = side;
    // What an earlier attempt has committed is settled, whatever became of it since.
    const open = new Map([...pushed.local].filter(([name]) => !done.has(name)));
    const comparison = compareAll(open, secrets);
    const plan = planPush(comparison, force);
    const blocked = new Set(pushed.unclear);
    const settled = new Map<SecretName, number>();
    const bindings = new Map<SecretName, SecretBinding>();
    for (const { name, remote } of plan.conflicts) {
      const binding = settledBinding(side, pushed, name);
      if (binding === undefined || blocked.has(name)) continue;
      settled.set(name, remote.version);
      bindings.set(name, binding);
    }
    const sets = plan.set.filter(({ name }) => !blocked.has(name));
    for (const { name } of sets) {
      const here = open.get(name)!;
      // A file says nothing about bindings: it must not loosen the one that the secret has.
      bindings.set(name, pushed.fromFile.has(name) ? bindingNow(snapshot, secrets.get(name), here) : here.binding);
    }
    const at = (name: SecretName, after: number): { name: SecretName; sid: Sid; version: number } => {
      return { name, sid: snapshot.sidOf(name), version: after + 1 };
    };
    return {
      changes: [
        ...sets.map(({ name, after }): PlannedChange => {
          return { op: "set", ...at(name, after), value: pushed.values.get(name)!, binding: bindings.get(name)! };
        }),
        ...plan.remove.filter(({ name }) => !blocked.has(name)).map(({ name, after }): PlannedChange => {
          return { op: "delete", ...at(name, after) };
        }),
      ],
      settled,
      bindings,
      created: new Set(sets.filter(({ isNew }) => isNew).map(({ name }) => name)),
      conflicts: conflictsOf(plan, pushed, secrets, (name) => settled.has(name) || blocked.has(name)),
      same: comparison.same.filter((name) => !blocked.has(name)),
      forget: comparison.agreedDeletions,
    };
  };
}

function conflictsOf(
  plan: PushPlan,
  pushed: Pushed,
  secrets: RemoteSide["secrets"],
  leftOut: (name: SecretName) => boolean,
): SecretConflict[] {
  return [
    ...plan.conflicts.filter(({ name }) => !leftOut(name)).map(({ name, local, remote }) =>
      conflictOf(name, local, remote)
    ),
    ...pushed.unclear.map((name) => conflictOf(name, "file", secrets.get(name), pushed.local.get(name)?.baseVersion)),
  ];
}

/** The binding of the server's newest version if it is the very thing that is to be pushed. */
function settledBinding(
  { snapshot, secrets }: RemoteSide,
  pushed: Pushed,
  name: SecretName,
): SecretBinding | undefined {
  const value = pushed.values.get(name);
  const binding = value === undefined ? undefined : bindingIfSame(snapshot, secrets.get(name), value);
  if (binding === undefined || pushed.fromFile.has(name)) return binding;
  return sameBinding(binding, pushed.local.get(name)!.binding) ? binding : undefined;
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
