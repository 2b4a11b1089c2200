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
import { Fresh } from "./fresh.ts";
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
    using held = this.#scopes.get(collectionOf(scope))?.takeNow();
    // Enumerated rather than read: for a call that is refused, no value comes into this process.
    if (held === undefined) return await this.#reader.describe(scope, names, signal);
    const { bindings } = held.value;
    return names.flatMap((name) => {
      const binding = bindings.get(name);
      return binding === undefined ? [] : [{ name, binding }];
    });
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
    const { values, bindings } = loan.value;
    return { values, bindings, [Symbol.dispose]: () => loan[Symbol.dispose]() };
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
