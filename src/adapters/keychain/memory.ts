/**
 * A keychain that lives as long as its object: for tests, and the model that every other adapter is compared with.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";
import type { Stamp } from "../../kernel/stamp.ts";
import type {
  Keychain,
  KeychainChange,
  KeychainEntry,
  KeychainItem,
  KeychainKey,
  KeychainMeta,
  KeychainState,
} from "../../ports/keychain.ts";
import { byText, checkChange, checkCollection, checkKey, decodeMeta, encodeMeta } from "./key.ts";

interface Stored {
  readonly meta: KeychainMeta;
  readonly value: Secret;
}

/** Items in memory, each batch all or nothing. */
export class MemoryKeychain implements Keychain {
  readonly backend = "memory";
  readonly #collections = new Map<string, Map<string, Stored>>();
  #changes = 0;

  async probe(): Promise<KeychainState> {
    return { state: "ready" };
  }

  async get(key: KeychainKey, signal?: AbortSignal): Promise<KeychainItem | undefined> {
    checkKey(key);
    return (await this.getMany(key.collection, [key.name], signal))[0];
  }

  async getMany(collection: string, names: readonly string[], signal?: AbortSignal): Promise<KeychainItem[]> {
    signal?.throwIfAborted();
    checkCollection(collection);
    const items = this.#collections.get(collection);
    return [...new Set(names)].flatMap((name) => {
      checkKey({ collection, name });
      const stored = items?.get(name);
      return stored ? [{ collection, name, meta: stored.meta, value: stored.value.clone() }] : [];
    });
  }

  async list(collection: string, signal?: AbortSignal): Promise<KeychainEntry[]> {
    signal?.throwIfAborted();
    checkCollection(collection);
    return [...this.#collections.get(collection) ?? []]
      .map(([name, { meta }]) => ({ collection, name, meta }))
      .sort((a, b) => byText(a.name, b.name));
  }

  async collections(signal?: AbortSignal): Promise<string[]> {
    signal?.throwIfAborted();
    return [...this.#collections.keys()].sort(byText);
  }

  stamp(): Stamp {
    return { text: String(this.#changes), settled: true };
  }

  async apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    changes.forEach(checkChange);
    // Copied before the first change: a disposed value leaves everything as it was.
    const own = changes.map((change) => change.op === "put" ? { ...change, value: change.value.clone() } : change);
    this.#changes++;
    for (const change of own) {
      if (change.op === "put") this.#put(change.key, change.meta, change.value);
      else this.#remove(change.key);
    }
  }

  #put({ collection, name }: KeychainKey, meta: KeychainMeta, value: Secret): void {
    const items = this.#collections.get(collection) ?? new Map<string, Stored>();
    items.get(name)?.value.dispose();
    items.set(name, { meta: decodeMeta(encodeMeta(meta)) ?? {}, value });
    this.#collections.set(collection, items);
  }

  #remove({ collection, name }: KeychainKey): void {
    const items = this.#collections.get(collection);
    items?.get(name)?.value.dispose();
    items?.delete(name);
    if (items?.size === 0) this.#collections.delete(collection);
  }
}
