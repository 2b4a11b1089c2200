/**
 * The keychain port: where secret values and device keys rest on this machine.
 *
 * Every adapter passes tests/contract/keychain_suite.ts. There is no index beside the items: `list` enumerates what is there.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";

/** Where an item lives. Both parts are 1…512 characters of printable ASCII without spaces. */
export interface KeychainKey {
  /** A group of items that are listed and changed together: `device`, `pins`, or `<workspace>/<project>/<environment>`. */
  readonly collection: string;
  /** Unique in its collection. */
  readonly name: string;
}

/** Small public facts kept with an item (versions, states, bindings): never a value, a hash or a length. */
export type KeychainMeta = Readonly<Record<string, string>>;

/** An item without its value. */
export interface KeychainEntry extends KeychainKey {
  readonly meta: KeychainMeta;
}

/** An item. The caller disposes of the value. */
export interface KeychainItem extends KeychainEntry {
  readonly value: Secret;
}

/** One change of {@linkcode Keychain.apply}. `label` is what the system's own keychain program shows. */
export type KeychainChange =
  | {
    readonly op: "put";
    readonly key: KeychainKey;
    readonly meta: KeychainMeta;
    readonly value: Secret;
    readonly label?: string;
  }
  | { readonly op: "remove"; readonly key: KeychainKey };

/** Whether the keychain can be used now. */
export type KeychainState =
  | { readonly state: "ready" }
  | { readonly state: "locked" }
  | { readonly state: "absent"; readonly reason: string };

/**
 * A store of secret items. Each method ends within the adapter's deadline and rejects with `keychain_locked`,
 * `keychain_absent`, `keychain_timeout`, `keychain_failed`, `vault_damaged` or `disk_full`.
 */
export interface Keychain {
  /** Name for people: `Secret Service`, `vault file`, `memory`. */
  readonly backend: string;
  /** Never prompts, never hangs, starts nothing. */
  probe(signal?: AbortSignal): Promise<KeychainState>;
  /** The item, or undefined when there is none. */
  get(key: KeychainKey, signal?: AbortSignal): Promise<KeychainItem | undefined>;
  /** The items of those `names` that exist, in no particular order; names absent from the result do not exist. */
  getMany(collection: string, names: readonly string[], signal?: AbortSignal): Promise<KeychainItem[]>;
  /** Everything in a collection without values, sorted by name; empty when there is none. */
  list(collection: string, signal?: AbortSignal): Promise<KeychainEntry[]>;
  /** The collections that hold at least one item, sorted. */
  collections(signal?: AbortSignal): Promise<string[]>;
  /**
   * Applies the changes in order. `put` replaces value and meta; `remove` of an absent item does nothing. Each item changes
   * whole or not at all; an adapter that can makes the whole batch atomic. Durable when it returns. Values stay the caller's.
   */
  apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void>;
}
