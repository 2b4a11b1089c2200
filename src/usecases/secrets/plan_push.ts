/**
 * What a push is to commit: this machine's copies with a `.env` file's changes laid over them, against the server's side.
 *
 * @module
 */

import type { SecretName, Sid } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import { compareAll } from "../../vault/diff.ts";
import { type LocalSecret, sameBinding } from "../../vault/local_state.ts";
import { planPush, type PushPlan } from "../../vault/plan.ts";
import type { PlannedChange } from "../../vault/seal.ts";
import type { Planner, RemoteSide } from "./commit_changes.ts";
import { conflictOf } from "./conflicts.ts";
import type { SecretConflict, SecretsWarning } from "./outcome.ts";
import { bindingIfSame, bindingNow } from "./plan_writes.ts";

/** What this machine has to push: its copies, with a `.env` file's changes laid over them. */
export interface Pushed {
  readonly local: ReadonlyMap<SecretName, LocalSecret>;
  readonly values: ReadonlyMap<SecretName, Secret>;
  /** Names whose value comes from the file. */
  readonly fromFile: ReadonlySet<SecretName>;
  /** Names that differ in the file, with no telling which is later: pushed from neither. */
  readonly unclear: readonly SecretName[];
  readonly warnings: readonly SecretsWarning[];
}

/** What comes of it. */
export interface PushedPlan {
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

/** Plans the push of `pushed`. What changed on both sides is a conflict and left alone, unless `force`. */
export function planPushed(pushed: Pushed, force: boolean): Planner<PushedPlan> {
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
