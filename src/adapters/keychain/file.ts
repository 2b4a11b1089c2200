/**
 * The encrypted vault file, for machines without a keychain of their own.
 *
 * Folder: `vault.head` (how it is opened, and the master key under that), `vault.key` (only when opened by a key file), one
 * `<32 hex>.vault` per collection, `lock`. Promises: nothing in clear, each batch of one collection whole or not at all,
 * durable when it returns, refused when damaged. Not claimed: noticing that the folder, or a file of it, is an older copy.
 *
 * @module
 */

import { join } from "node:path";
import { Secret } from "../../kernel/secret.ts";
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
import type { Random } from "../../ports/random.ts";
import { byText, checkChange, checkCollection, checkKey } from "./key.ts";
import {
  collectionFile,
  type Contents,
  isCollectionFile,
  openCollection,
  sealCollection,
  type StoredItem,
} from "./vault_file/collection.ts";
import { headPath, isVaultThere, openVault, type VaultPlace } from "./vault_file/lifecycle.ts";
import type { Unlock } from "./vault_file/unlock.ts";

/** Settings of a {@linkcode FileKeychain}. */
export interface FileKeychainOptions extends VaultPlace {
  readonly files: Files;
  readonly random: Random;
  readonly unlock: Unlock;
}

/** Items in encrypted files of a vault's folder. */
export class FileKeychain implements Keychain, Disposable {
  readonly backend: string;
  readonly #options: FileKeychainOptions;
  #master: Promise<Secret> | undefined;
  #isOpen = false;
  /** The master key once it is there, and the names of collections' files, which are derived from it. */
  #opened: Secret | undefined;
  readonly #fileNames = new Map<string, string>();

  constructor(options: FileKeychainOptions) {
    this.#options = options;
    this.backend = options.unlock.kind === "password" ? "sealed vault" : "vault file";
  }

  /** `locked` until the passphrase was given in this process. */
  async probe(signal?: AbortSignal): Promise<KeychainState> {
    signal?.throwIfAborted();
    const { folder, unlock } = this.#options;
    if (!await isVaultThere(this.#options)) return { state: "absent", reason: `there is none in ${folder}` };
    return { state: this.#isOpen || unlock.kind === "key-file" ? "ready" : "locked" };
  }

  async get(key: KeychainKey, signal?: AbortSignal): Promise<KeychainItem | undefined> {
    checkKey(key);
    return (await this.getMany(key.collection, [key.name], signal))[0];
  }

  async getMany(collection: string, names: readonly string[], signal?: AbortSignal): Promise<KeychainItem[]> {
    checkCollection(collection);
    for (const name of names) checkKey({ collection, name });
    using contents = await this.#read(collection, signal);
    return [...new Set(names)].flatMap((name) => {
      const item = contents?.items.get(name);
      return item ? [{ collection, name, meta: item.meta, value: Secret.copyOf(item.value) }] : [];
    });
  }

  async list(collection: string, signal?: AbortSignal): Promise<KeychainEntry[]> {
    checkCollection(collection);
    using contents = await this.#read(collection, signal);
    return [...contents?.items ?? []]
      .map(([name, { meta }]) => ({ collection, name, meta }))
      .sort((a, b) => byText(a.name, b.name));
  }

  async collections(signal?: AbortSignal): Promise<string[]> {
    const master = await this.#open(signal);
    const found: string[] = [];
    for await (const entry of Deno.readDir(this.#options.folder)) {
      if (!isCollectionFile(entry.name)) continue;
      using contents = await this.#readFile(master, entry.name);
      if (contents !== undefined && contents.items.size > 0) found.push(contents.collection);
    }
    return found.sort(byText);
  }

  stamp(collections: readonly string[]): Stamp | undefined {
    if (this.#opened === undefined) return undefined;
    const { files, folder } = this.#options;
    const master = this.#opened;
    const names = collections.map((collection) => this.#fileOf(master, collection));
    return files.stamp([headPath(folder), ...names.map((name) => join(folder, name))]);
  }

  async apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void> {
    changes.forEach(checkChange);
    if (changes.length === 0) return;
    const { files, folder } = this.#options;
    const master = await this.#open(signal);
    await files.withLock(join(folder, "lock"), async () => {
      for (const batch of runsOfOneCollection(changes)) await this.#change(master, batch);
    }, signal ? { signal } : {});
  }

  /** Forgets the key; the next access asks for the passphrase again. */
  [Symbol.dispose](): void {
    this.#master?.then((master) => master.dispose(), () => {});
    this.#master = undefined;
    this.#opened = undefined;
    this.#isOpen = false;
  }

  async #change(master: Secret, changes: readonly KeychainChange[]): Promise<void> {
    const { files, folder, profile, random } = this.#options;
    const collection = changes[0]!.key.collection;
    const file = this.#fileOf(master, collection);
    const path = join(folder, file);
    using contents = await this.#readFile(master, file);
    const items = new Map<string, StoredItem>(contents?.items);
    const copies: Uint8Array[] = [];
    for (const { key, ...change } of changes) {
      if (change.op === "remove") {
        items.delete(key.name);
        continue;
      }
      // EXPOSE: the value is encrypted into the vault's file
      const value = change.value.expose((bytes) => bytes.slice());
      copies.push(value);
      items.set(key.name, { meta: change.meta, value });
    }
    try {
      if (items.size === 0) await files.remove(path);
      else await files.write(path, sealCollection(master, profile, collection, items, random), { mode: 0o600 });
    } finally {
      for (const copy of copies) copy.fill(0);
    }
  }

  async #read(collection: string, signal: AbortSignal | undefined): Promise<Contents | undefined> {
    const master = await this.#open(signal);
    return this.#readFile(master, this.#fileOf(master, collection));
  }

  #fileOf(master: Secret, collection: string): string {
    let name = this.#fileNames.get(collection);
    if (name === undefined) this.#fileNames.set(collection, name = collectionFile(master, collection));
    return name;
  }

  async #readFile(master: Secret, file: string): Promise<Contents | undefined> {
    const { files, folder, profile } = this.#options;
    const path = join(folder, file);
    const bytes = await files.read(path, { regularOnly: true });
    return bytes && openCollection(master, profile, { file, path }, bytes);
  }

  /** The master key: derived once, at the first access; a failed attempt may be repeated. */
  async #open(signal: AbortSignal | undefined): Promise<Secret> {
    signal?.throwIfAborted();
    this.#master ??= openVault(this.#options);
    const opening = this.#master;
    try {
      const master = await opening;
      if (this.#master === opening) this.#opened = master;
      this.#isOpen = true;
      signal?.throwIfAborted();
      return master;
    } catch (error) {
      if (this.#master === opening && !this.#isOpen) this.#master = undefined;
      throw error;
    }
  }
}

/** Consecutive changes of one collection, in order: each run becomes one write. */
function runsOfOneCollection(changes: readonly KeychainChange[]): KeychainChange[][] {
  const runs: KeychainChange[][] = [];
  for (const change of changes) {
    const last = runs.at(-1);
    if (last?.[0]?.key.collection === change.key.collection) last.push(change);
    else runs.push([change]);
  }
  return runs;
}
