/**
 * {@linkcode KeychainSecretReader}: how the engine reads secrets when the vault is in this process. In sealed mode a broker
 * answers the same port instead.
 *
 * @module
 */

import { refuseMissing } from "../kernel/missing_secrets.ts";
import type { SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Keychain } from "../ports/keychain.ts";
import type {
  LentSecrets,
  SecretBinding,
  SecretDescription,
  SecretReader,
  SecretScope,
} from "../ports/secret_reader.ts";
import { collectionOf, type LocalSecret, localSecret } from "./local_state.ts";

/** Reads a machine's own copies. What was deleted here is not there, even before the server knows of it. */
export class KeychainSecretReader implements SecretReader {
  readonly #keychain: Keychain;

  constructor(keychain: Keychain) {
    this.#keychain = keychain;
  }

  async describe(
    scope: SecretScope,
    names: readonly SecretName[],
    signal?: AbortSignal,
  ): Promise<SecretDescription[]> {
    if (names.length === 0) return [];
    const wanted = new Set(names);
    // Enumerated rather than read: no value may be in this process before a call is decided on.
    return (await this.#present(scope, signal)).filter(({ name }) => wanted.has(name))
      .map(({ name, binding }) => ({ name, binding }));
  }

  async names(scope: SecretScope, signal?: AbortSignal): Promise<SecretName[]> {
    return (await this.#present(scope, signal)).map(({ name }) => name).sort();
  }

  async read(
    scope: SecretScope,
    names: readonly SecretName[],
    signal?: AbortSignal,
  ): Promise<Map<SecretName, Secret>> {
    const wanted = [...new Set(names)];
    const { values } = await this.#read(scope, wanted, (values) => {
      refuseMissing(wanted.filter((name) => !values.has(name)));
    }, signal);
    return values;
  }

  async lendAll(scope: SecretScope, signal?: AbortSignal): Promise<LentSecrets> {
    // A name that another process removes in between is simply not among the values.
    const { values, bindings } = await this.#read(scope, await this.names(scope, signal), () => {}, signal);
    return {
      values,
      bindings,
      [Symbol.dispose]: () => {
        for (const value of values.values()) value.dispose();
      },
    };
  }

  /** Those of `names` that are there, after `check` has seen the values. */
  async #read(
    scope: SecretScope,
    names: readonly SecretName[],
    check: (values: ReadonlyMap<SecretName, Secret>) => void,
    signal: AbortSignal | undefined,
  ): Promise<{ values: Map<SecretName, Secret>; bindings: Map<SecretName, SecretBinding> }> {
    const items = names.length === 0 ? [] : await this.#keychain.getMany(collectionOf(scope), names, signal);
    try {
      const values = new Map<SecretName, Secret>(), bindings = new Map<SecretName, SecretBinding>();
      for (const item of items) {
        const { name, state, binding } = localSecret(item);
        if (state === "deleted") {
          item.value.dispose();
          continue;
        }
        values.set(name, item.value);
        bindings.set(name, binding);
      }
      check(values);
      return { values, bindings };
    } catch (error) {
      for (const item of items) item.value.dispose();
      throw error;
    }
  }

  async #present(scope: SecretScope, signal?: AbortSignal): Promise<LocalSecret[]> {
    const entries = await this.#keychain.list(collectionOf(scope), signal);
    return entries.map(localSecret).filter(({ state }) => state !== "deleted");
  }
}
