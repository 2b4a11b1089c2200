/**
 * Every value that this engine has read, by project, also those that were replaced since: a credential that one call stored at an
 * upstream must not come back in clear through the next (docs/spec/proxy.md §2, step 6).
 *
 * @module
 */

import type { ProjectId, SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { createRedactor, type Redactor } from "./redact/redactor.ts";

/** Values of one project, by name, with the redactor that is compiled for them. */
interface Known {
  readonly values: Map<SecretName, Secret[]>;
  redactor: Redactor | undefined;
}

/** Remembers copies of values until disposed. */
export class ResolvedValues implements Disposable {
  readonly #projects = new Map<ProjectId, Known>();

  /** A redactor for `values` and every value of that project before them. */
  redactorWith(project: ProjectId, values: ReadonlyMap<SecretName, Secret>): Redactor {
    const known = this.#of(project);
    for (const [name, value] of values) this.#remember(known, name, value);
    // Bodies that are still under way keep the redactor they began with, so it is dropped here and not disposed of.
    known.redactor ??= createRedactor([...known.values.values()].flat());
    return known.redactor;
  }

  #of(project: ProjectId): Known {
    let known = this.#projects.get(project);
    if (known === undefined) this.#projects.set(project, known = { values: new Map(), redactor: undefined });
    return known;
  }

  /** By name, so that a call in an environment of many secrets compares each with its own past and not with all others. */
  #remember(known: Known, name: SecretName, value: Secret): void {
    const before = known.values.get(name) ?? [];
    if (before.some((other) => other.equals(value))) return;
    known.values.set(name, [...before, value.clone()]);
    known.redactor = undefined;
  }

  [Symbol.dispose](): void {
    for (const { values, redactor } of this.#projects.values()) {
      for (const value of [...values.values()].flat()) value.dispose();
      redactor?.dispose();
    }
    this.#projects.clear();
  }
}
