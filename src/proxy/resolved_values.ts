/**
 * Every value that this engine has resolved, by project: a credential that one call stored at an upstream must not come back in
 * clear through the next (docs/spec/proxy.md §2, step 6).
 *
 * @module
 */

import type { ProjectId, SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { createRedactor, type Redactor } from "./redact/redactor.ts";

/** Values of one project with the redactor that is compiled for them. */
interface Known {
  readonly values: Secret[];
  redactor: Redactor | undefined;
}

/** Remembers copies of values until disposed. */
export class ResolvedValues implements Disposable {
  readonly #projects = new Map<ProjectId, Known>();

  /** A redactor for every value of that project resolved so far, those of this request included. */
  redactorWith(project: ProjectId, values: ReadonlyMap<SecretName, Secret>): Redactor {
    const known = this.#of(project);
    for (const value of values.values()) this.#remember(known, value);
    // Bodies that are still under way keep the redactor they began with, so it is dropped here and not disposed of.
    known.redactor ??= createRedactor(known.values);
    return known.redactor;
  }

  #of(project: ProjectId): Known {
    let known = this.#projects.get(project);
    if (known === undefined) this.#projects.set(project, known = { values: [], redactor: undefined });
    return known;
  }

  #remember(known: Known, value: Secret): void {
    if (known.values.some((other) => other.equals(value))) return;
    known.values.push(value.clone());
    known.redactor = undefined;
  }

  [Symbol.dispose](): void {
    for (const { values, redactor } of this.#projects.values()) {
      for (const value of values) value.dispose();
      redactor?.dispose();
    }
    this.#projects.clear();
  }
}
