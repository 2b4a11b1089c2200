/**
 * Every value that this engine has read lately, by project, also those that were replaced since: a credential that one call stored
 * at an upstream must not come back in clear through the next (docs/spec/proxy.md §2, step 6).
 *
 * The values of today are read anew with every call, so keeping them buys nothing beyond the next call; a replaced or removed
 * value is searched for until it was not seen for {@linkcode KEEP_MS}. After that an upstream that still holds it can show it: the
 * price of not keeping credentials in memory for as long as a proxy runs.
 *
 * @module
 */

import type { ProjectId, SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { createRedactor, type Redactor } from "./redact/redactor.ts";

/** How long a value stays in memory after a call read it last, in ms. */
export const KEEP_MS = 60_000;

/** How often the ages of values are looked at, in ms. */
const SWEEP_MS = 1_000;

interface Remembered {
  readonly value: Secret;
  seenMs: number;
}

/** Values of one project, by name, with the redactor that is compiled for them. */
interface Known {
  readonly values: Map<SecretName, Remembered[]>;
  redactor: Redactor | undefined;
  /** The values that calls read now: the lender's map, whose identity tells that nothing changed. */
  current: ReadonlyMap<SecretName, Secret> | undefined;
  /** What they are remembered as, and when the last call read them. */
  seen: readonly Remembered[];
  seenMs: number;
}

/** Remembers copies of values for a while. */
export class ResolvedValues implements Disposable {
  readonly #projects = new Map<ProjectId, Known>();
  #sweptMs = -Infinity;

  /** How many values are remembered. */
  get size(): number {
    return [...this.#projects.values()].reduce((sum, { values }) => sum + [...values.values()].flat().length, 0);
  }

  /**
   * A redactor for `values` and every value of that project before them.
   *
   * @param values The same object again means the same values.
   * @param nowMs On a clock that never goes back.
   */
  redactorWith(project: ProjectId, values: ReadonlyMap<SecretName, Secret>, nowMs: number): Redactor {
    if (nowMs - this.#sweptMs >= SWEEP_MS) this.forgetUnseen(nowMs);
    const known = this.#of(project);
    if (known.current !== values) this.#change(known, values);
    known.seenMs = nowMs;
    // Bodies that are still under way keep the redactor they began with, so it is dropped here and not disposed of.
    known.redactor ??= createRedactor([...known.values.values()].flat().map(({ value }) => value));
    return known.redactor;
  }

  /** Forgets what was not read for {@linkcode KEEP_MS}. */
  forgetUnseen(nowMs: number): void {
    this.#sweptMs = nowMs;
    for (const [project, known] of this.#projects) {
      touch(known);
      for (const [name, list] of known.values) {
        const kept = list.filter(({ seenMs }) => nowMs - seenMs < KEEP_MS);
        if (kept.length === list.length) continue;
        for (const one of list) if (!kept.includes(one)) one.value.dispose();
        known.redactor = undefined;
        if (kept.length > 0) known.values.set(name, kept);
        else known.values.delete(name);
      }
      if (nowMs - known.seenMs >= KEEP_MS) this.#projects.delete(project);
    }
  }

  /** Forgets all. */
  forget(): void {
    for (const { values } of this.#projects.values()) {
      for (const { value } of [...values.values()].flat()) value.dispose();
    }
    this.#projects.clear();
  }

  #of(project: ProjectId): Known {
    let known = this.#projects.get(project);
    if (known === undefined) {
      known = { values: new Map(), redactor: undefined, current: undefined, seen: [], seenMs: 0 };
      this.#projects.set(project, known);
    }
    return known;
  }

  /** Other values are read from now on. */
  #change(known: Known, values: ReadonlyMap<SecretName, Secret>): void {
    touch(known);
    known.current = values;
    known.seen = Array.from(values, ([name, value]) => remember(known, name, value));
  }

  [Symbol.dispose](): void {
    for (const { redactor } of this.#projects.values()) redactor?.dispose();
    this.forget();
  }
}

/** Notes when the values of now were read last. */
function touch(known: Known): void {
  for (const one of known.seen) one.seenMs = known.seenMs;
}

/** By name, so that an environment of many secrets compares each with its own past and not with all others. */
function remember(known: Known, name: SecretName, value: Secret): Remembered {
  const before = known.values.get(name) ?? [];
  const same = before.find((other) => other.value.equals(value));
  if (same !== undefined) return same;
  const added = { value: value.clone(), seenMs: known.seenMs };
  known.values.set(name, [...before, added]);
  known.redactor = undefined;
  return added;
}
