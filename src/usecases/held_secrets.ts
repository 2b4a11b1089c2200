/**
 * The secrets of a process that makes many calls: read once, lent to every call as long as nothing changed (src/usecases/fresh.ts).
 * What is held here is dropped a minute after the last call at the latest, and at once on `forget`.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { Keychain } from "../ports/keychain.ts";
import type { LentSecrets, SecretDescription, SecretReader, SecretScope } from "../ports/secret_reader.ts";
import { collectionOf } from "../vault/local_state.ts";
import { Fresh, type Loan } from "./fresh.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** What the engine reads through. */
export class HeldSecrets implements Pick<SecretReader, "describe" | "lendAll">, Disposable {
  readonly #clock: WorldWithEngine["clock"];
  readonly #reader: SecretReader;
  readonly #keychain: Pick<Keychain, "stamp">;
  readonly #scopes = new Map<string, Fresh<LentSecrets>>();

  constructor(clock: WorldWithEngine["clock"], reader: SecretReader, keychain: Pick<Keychain, "stamp">) {
    this.#clock = clock;
    this.#reader = reader;
    this.#keychain = keychain;
  }

  async describe(
    scope: SecretScope,
    names: readonly SecretName[],
    signal?: AbortSignal,
  ): Promise<SecretDescription[]> {
    const bindings = this.#scopes.get(collectionOf(scope))?.peekNow()?.bindings;
    // Enumerated rather than read: for a call that is refused, no value comes into this process.
    if (bindings === undefined) return await this.#reader.describe(scope, names, signal);
    const found: SecretDescription[] = [];
    for (const name of names) {
      const binding = bindings.get(name);
      if (binding !== undefined) found.push({ name, binding });
    }
    return found;
  }

  async lendAll(scope: SecretScope, signal?: AbortSignal): Promise<LentSecrets> {
    const fresh = this.#of(scope);
    const loan = fresh.takeNow() ?? await fresh.take();
    try {
      signal?.throwIfAborted();
    } catch (error) {
      loan[Symbol.dispose]();
      throw error;
    }
    return new SharedSecrets(loan);
  }

  /** Drops what no call has read since `sinceMs`, on the clock that never goes back. */
  dropUnused(sinceMs: number): void {
    for (const [key, fresh] of this.#scopes) {
      if (fresh.usedMs >= sinceMs) continue;
      fresh.drop();
      this.#scopes.delete(key);
    }
  }

  /** Drops all. Calls that are being made keep what they have until they have used it; what they are still loading is dropped later. */
  [Symbol.dispose](): void {
    for (const fresh of this.#scopes.values()) fresh.drop();
  }

  #of(scope: SecretScope): Fresh<LentSecrets> {
    const collection = collectionOf(scope);
    let fresh = this.#scopes.get(collection);
    if (fresh === undefined) {
      fresh = new Fresh(this.#clock, {
        look: () => this.#keychain.stamp?.([collection]),
        // For all who wait: one caller's end must not end it.
        load: () => this.#reader.lendAll(scope),
      });
      this.#scopes.set(collection, fresh);
    }
    return fresh;
  }
}

/** What all calls of one scope share; disposing of it ends one call's use. */
class SharedSecrets implements LentSecrets {
  readonly bindings: LentSecrets["bindings"];
  readonly values: LentSecrets["values"];
  readonly #loan: Loan<LentSecrets>;

  constructor(loan: Loan<LentSecrets>) {
    this.#loan = loan;
    ({ bindings: this.bindings, values: this.values } = loan.value);
  }

  [Symbol.dispose](): void {
    this.#loan[Symbol.dispose]();
  }
}
