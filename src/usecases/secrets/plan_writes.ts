/**
 * Planning writes of named secrets, as `set`, `import`, `delete`, `rollback` and `copy` make them: each stands on the version
 * that its writer has seen, and is a conflict when somebody has changed the secret since.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import { type LocalSecret, sameBinding } from "../../vault/local_state.ts";
import type { PlannedChange } from "../../vault/seal.ts";
import type { RemoteSecret, VerifiedSnapshot } from "../../vault/snapshot.ts";
import type { Planner, RemoteSide } from "./commit_changes.ts";
import { nameList } from "./name_list.ts";

/** What is to become of one secret. */
export type Intent =
  | {
    readonly op: "set";
    readonly name: SecretName;
    readonly value: Secret;
    /** Undefined keeps the one it has. */
    readonly binding: SecretBinding | undefined;
    /** Version that the writer has seen; 0 for none. */
    readonly base: number;
  }
  | { readonly op: "delete"; readonly name: SecretName; readonly base: number };

/** An intent after it was held against the server's side. */
export interface PlannedIntent {
  readonly intent: Intent;
  readonly outcome: "created" | "updated" | "deleted" | "unchanged";
  /** What the secret is bound to afterwards. */
  readonly binding: SecretBinding;
  /** The server's version when nothing needs to be committed. */
  readonly settled: number | undefined;
}

export interface WritePlan {
  readonly changes: readonly PlannedChange[];
  readonly intents: readonly PlannedIntent[];
}

/**
 * Plans `intents`, all or none.
 *
 * @throws {AppError} (the planner) `conflict` naming every secret that was changed since its base, unless `force`
 */
export function planWrites(
  intents: readonly Intent[],
  local: ReadonlyMap<SecretName, LocalSecret>,
  force: boolean,
): Planner<WritePlan> {
  return (side, done) => {
    const conflicts: SecretName[] = [];
    const changes: PlannedChange[] = [];
    const planned: PlannedIntent[] = [];
    for (const intent of intents) {
      const plan = planOne(intent, side, local.get(intent.name), force || done.has(intent.name));
      if (plan === undefined) {
        conflicts.push(intent.name);
        continue;
      }
      planned.push(plan);
      if (plan.settled === undefined && !done.has(intent.name)) changes.push(changeOf(side, plan));
    }
    if (conflicts.length > 0) throw new AppError("conflict", { names: nameList(conflicts) });
    return { changes, intents: planned };
  };
}

/** Undefined on a conflict. */
function planOne(
  intent: Intent,
  { snapshot, secrets }: RemoteSide,
  local: LocalSecret | undefined,
  force: boolean,
): PlannedIntent | undefined {
  const remote = secrets.get(intent.name);
  const live = remote !== undefined && !remote.deleted;
  const seen = (remote?.version ?? 0) === intent.base || (!live && (intent.base === 0 || intent.op === "delete"));
  if (intent.op === "delete") {
    if (!live) return { intent, outcome: "deleted", binding: {}, settled: remote?.version ?? 0 };
    return seen || force ? { intent, outcome: "deleted", binding: {}, settled: undefined } : undefined;
  }
  const binding = intent.binding ?? bindingNow(snapshot, remote, local);
  if (seen || force) return { intent, outcome: live ? "updated" : "created", binding, settled: undefined };
  // Somebody stored the very same meanwhile (or this machine did, and was stopped before it could note it): no conflict.
  const there = bindingIfSame(snapshot, remote, intent.value);
  if (there === undefined || !sameBinding(there, binding)) return undefined;
  return { intent, outcome: "unchanged", binding, settled: remote!.version };
}

/** The binding in force: this machine's when it is based on the server's newest version, else the server's. */
export function bindingNow(
  snapshot: VerifiedSnapshot,
  remote: RemoteSecret | undefined,
  local: LocalSecret | undefined,
): SecretBinding {
  if (remote === undefined || remote.deleted || local?.baseVersion === remote.version) return local?.binding ?? {};
  const { value, binding } = snapshot.open(remote.sid);
  value.dispose();
  return binding ?? {};
}

/** The binding of the server's newest version if its value is `value`; undefined when it is another value or deleted. */
export function bindingIfSame(
  snapshot: VerifiedSnapshot,
  remote: RemoteSecret | undefined,
  value: Secret,
): SecretBinding | undefined {
  if (remote === undefined || remote.deleted) return undefined;
  const there = snapshot.open(remote.sid);
  using thereValue = there.value;
  return thereValue.equals(value) ? there.binding ?? {} : undefined;
}

function changeOf({ snapshot, secrets }: RemoteSide, { intent, binding }: PlannedIntent): PlannedChange {
  const { name } = intent;
  const at = { name, sid: snapshot.sidOf(name), version: (secrets.get(name)?.version ?? 0) + 1 };
  return intent.op === "delete" ? { op: "delete", ...at } : { op: "set", ...at, value: intent.value, binding };
}
