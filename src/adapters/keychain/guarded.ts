/**
 * A home's keychain, for as long as config.json names it. A person may move the storage while another program of theirs has the
 * former vault open (docs/adr/0011-moving-the-storage.md): what that program wrote there would be lost, and what it does not find
 * there it must not take for absent.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { Stamp } from "../../kernel/stamp.ts";
import type { Files } from "../../ports/files.ts";
import type {
  Keychain,
  KeychainChange,
  KeychainEntry,
  KeychainItem,
  KeychainKey,
  KeychainState,
} from "../../ports/keychain.ts";

/** How a keychain knows that it is still the home's. */
export interface VaultGuard {
  readonly files: Files;
  /** The lock under which config.json comes to name another vault. */
  readonly lockPath: string;
  /** Whether config.json names this vault. */
  inForce(): Promise<boolean>;
}

/** Every method also rejects with `vault_moved`: a write always, a reading when what it looks for is not there. */
export class GuardedKeychain implements Keychain, Disposable {
  readonly #inner: Keychain;
  readonly #guard: VaultGuard;

  constructor(inner: Keychain, guard: VaultGuard) {
    this.#inner = inner;
    this.#guard = guard;
  }

  get backend(): string {
    return this.#inner.backend;
  }

  probe(signal?: AbortSignal): Promise<KeychainState> {
    return this.#inner.probe(signal);
  }

  get(key: KeychainKey, signal?: AbortSignal): Promise<KeychainItem | undefined> {
    return this.#read(() => this.#inner.get(key, signal), (item) => item === undefined);
  }

  getMany(collection: string, names: readonly string[], signal?: AbortSignal): Promise<KeychainItem[]> {
    return this.#read(
      () => this.#inner.getMany(collection, names, signal),
      (items) => items.length < new Set(names).size,
      (items) => items.forEach(({ value }) => value.dispose()),
    );
  }

  list(collection: string, signal?: AbortSignal): Promise<KeychainEntry[]> {
    return this.#read(() => this.#inner.list(collection, signal), (entries) => entries.length === 0);
  }

  collections(signal?: AbortSignal): Promise<string[]> {
    return this.#read(() => this.#inner.collections(signal), (names) => names.length === 0);
  }

  /** A vault that was moved away looks changed, and what is read then is refused. */
  stamp(collections: readonly string[]): Stamp | undefined {
    return this.#inner.stamp?.(collections);
  }

  async apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void> {
    if (changes.length === 0) return await this.#inner.apply(changes, signal);
    const { files, lockPath } = this.#guard;
    await files.withLock(lockPath, async () => {
      await this.#refuseMoved();
      await this.#inner.apply(changes, signal);
    }, signal === undefined ? {} : { signal });
  }

  [Symbol.dispose](): void {
    (this.#inner as Partial<Disposable>)[Symbol.dispose]?.();
  }

  /** What is there may be believed; that something is not there, or cannot be read, only of the vault in force. */
  async #read<T>(
    read: () => Promise<T>,
    isMiss: (found: T) => boolean,
    drop: (found: T) => void = () => {},
  ): Promise<T> {
    let found: T;
    try {
      found = await read();
    } catch (error) {
      await this.#refuseMoved(error);
      throw error;
    }
    if (!isMiss(found)) return found;
    try {
      await this.#refuseMoved();
      return found;
    } catch (error) {
      drop(found);
      throw error;
    }
  }

  async #refuseMoved(cause?: unknown): Promise<void> {
    if (!await this.#guard.inForce()) throw new AppError("vault_moved", undefined, { cause });
  }
}
