/**
 * The keychain port: where secret values and device keys rest on this machine.
 *
 * Every adapter passes tests/contract/keychain_suite.ts. There is no index beside the items: `list` enumerates what is there.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";
import type { Stamp } from "../kernel/stamp.ts";

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
 * A store of secret items. No method is silent for longer than the adapter's deadline (a batch may take longer than that in
 * all). Each rejects with `keychain_locked`, `keychain_absent`, `keychain_timeout`, `keychain_failed`; a vault file also with
 * `vault_damaged`, `unsupported_format`, `vault_passphrase_wrong`, `vault_passphrase_needed`, `lock_timeout`, `disk_full`,
 * `file_unreadable`, `file_unwritable`; an aborted one with the signal's reason. A wrong key or meta is a bug: `TypeError`.
 */
export interface Keychain {
  /** Name for people: `Secret Service`, `vault file`, `memory`. */
  readonly backend: string;
  /** Never prompts, never hangs, starts nothing. A vault file is `locked` until its passphrase was given in this process. */
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
   * What those collections look like now, told without reading them; undefined where the keychain cannot tell (a system keychain,
   * or a vault that is not open yet).
   */
  stamp?(collections: readonly string[]): Stamp | undefined;
  /**
   * Applies the changes in order. `put` replaces value and meta; `remove` of an absent item does nothing. Each item changes
   * whole or not at all; a vault file changes consecutive items of one collection all together. After a failure in the middle
   * an earlier part of the batch may be there: repeating the batch is safe. Durable when it returns. Values stay the caller's.
   */
  apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void>;
}
