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

interface Remembered {
  readonly value: Secret;
  seenMs: number;
}

/** Values of one project, by name, with the redactor that is compiled for them. */
interface Known {
  readonly values: Map<SecretName, Remembered[]>;
  redactor: Redactor | undefined;
}

/** Remembers copies of values for a while. */
export class ResolvedValues implements Disposable {
  readonly #projects = new Map<ProjectId, Known>();

  /** How many values are remembered. */
  get size(): number {
    return [...this.#projects.values()].reduce((sum, { values }) => sum + [...values.values()].flat().length, 0);
  }

  /**
   * A redactor for `values` and every value of that project before them.
   *
   * @param nowMs On a clock that never goes back.
   */
  redactorWith(project: ProjectId, values: ReadonlyMap<SecretName, Secret>, nowMs: number): Redactor {
    this.forgetUnseen(nowMs);
    const known = this.#of(project);
    for (const [name, value] of values) this.#remember(known, name, value, nowMs);
    // Bodies that are still under way keep the redactor they began with, so it is dropped here and not disposed of.
    known.redactor ??= createRedactor([...known.values.values()].flat().map(({ value }) => value));
    return known.redactor;
  }

  /** Forgets what was not read for {@linkcode KEEP_MS}. */
  forgetUnseen(nowMs: number): void {
    for (const [project, known] of this.#projects) {
      for (const [name, list] of known.values) {
        const kept = list.filter(({ seenMs }) => nowMs - seenMs < KEEP_MS);
        if (kept.length === list.length) continue;
        for (const one of list) if (!kept.includes(one)) one.value.dispose();
        known.redactor = undefined;
        if (kept.length > 0) known.values.set(name, kept);
        else known.values.delete(name);
      }
      if (known.values.size === 0) this.#projects.delete(project);
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
    if (known === undefined) this.#projects.set(project, known = { values: new Map(), redactor: undefined });
    return known;
  }

  /** By name, so that a call in an environment of many secrets compares each with its own past and not with all others. */
  #remember(known: Known, name: SecretName, value: Secret, seenMs: number): void {
    const before = known.values.get(name) ?? [];
    const same = before.find((other) => other.value.equals(value));
    if (same !== undefined) {
      same.seenMs = seenMs;
      return;
    }
    known.values.set(name, [...before, { value: value.clone(), seenMs }]);
    known.redactor = undefined;
  }

  [Symbol.dispose](): void {
    for (const { redactor } of this.#projects.values()) redactor?.dispose();
    this.forget();
  }
}
