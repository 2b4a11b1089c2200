/**
 * The Secret Service (GNOME Keyring, KWallet, KeePassXC …) through libsecret.
 *
 * Promises: no call waits longer than the deadline, no prompt is ever shown, no bus is started, items are enumerated and
 * never remembered. A locked keyring is told apart from an empty one. What it does not promise: any program that runs as
 * the same user can ask the Secret Service for the same items (docs/THREAT_MODEL.md).
 *
 * @module
 */

import type {
  Keychain,
  KeychainChange,
  KeychainEntry,
  KeychainItem,
  KeychainKey,
  KeychainState,
} from "../../ports/keychain.ts";
import type { Random } from "../../ports/random.ts";
import { AppError } from "../../kernel/error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { byText, checkChange, checkCollection, checkKey } from "./key.ts";
import { type Bus } from "./secret_service/bus.ts";
import { findSessionBus } from "./secret_service/bus_address.ts";
import { asKeychainError, BACKEND } from "./secret_service/failure.ts";
import { probeSecretService } from "./secret_service/probe.ts";
import {
  isSame,
  newAttributes,
  newest,
  nextRev,
  readRevision,
  type Revision,
  searchAttributes,
} from "./secret_service/revision.ts";
import { type Libraries, openLibraries, Session } from "./secret_service/session.ts";
import { Watch } from "./secret_service/watch.ts";

/** How long the service may be silent, in milliseconds. */
const TIMEOUT_MS = 10_000;
/** How long a replaced item may take to go, where the service removes by a prompt, in ms. */
const PUT_PATIENCE_MS = 250;
/** Attributes are asked for one item a call: this many at once hide the way there and back (measured: 8…32 are alike). */
const PARALLEL = 16;
/** Asking for one name costs as much as this many attributes of an enumeration. */
const SEARCH_COST = 3;
/** How often a reading is repeated when another process replaces the same items meanwhile. */
const MAX_ATTEMPTS = 20;

/** Settings of a {@linkcode SecretServiceKeychain}. */
export interface SecretServiceOptions {
  /** Separates the items of different homes. */
  readonly profile: string;
  readonly random: Random;
  /** Milliseconds of silence until `keychain_timeout`. */
  readonly timeoutMs?: number;
}

/** What one operation works with. */
interface Scope {
  readonly session: Session;
  readonly bus: Bus;
  readonly watch: Watch;
}

/** Items in the user's default keyring. */
export class SecretServiceKeychain implements Keychain {
  readonly backend = BACKEND;
  readonly #profile: string;
  readonly #random: Random;
  readonly #timeoutMs: number;
  #libraries: Libraries | undefined;
  #session: Promise<Session> | undefined;

  constructor(options: SecretServiceOptions) {
    this.#profile = options.profile;
    this.#random = options.random;
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
  }

  probe(signal?: AbortSignal): Promise<KeychainState> {
    return probeSecretService(Deno.env, signal, () => this.#libraries ??= openLibraries());
  }

  async get(key: KeychainKey, signal?: AbortSignal): Promise<KeychainItem | undefined> {
    checkKey(key);
    return (await this.getMany(key.collection, [key.name], signal))[0];
  }

  async getMany(collection: string, names: readonly string[], signal?: AbortSignal): Promise<KeychainItem[]> {
    const wanted = new Set(names);
    checkCollection(collection);
    for (const name of wanted) checkKey({ collection, name });
    if (wanted.size === 0) return [];
    return this.#run(signal, async (scope) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const items = await this.#read(scope, await this.#wanted(scope, collection, wanted));
        if (items !== undefined) return items;
      }
      throw new AppError("keychain_failed", {
        backend: BACKEND,
        domain: "changes-while-reading",
        status: MAX_ATTEMPTS,
      });
    });
  }

  list(collection: string, signal?: AbortSignal): Promise<KeychainEntry[]> {
    checkCollection(collection);
    return this.#run(signal, async (scope) => {
      const revisions = newest(await this.#find(scope, { collection }));
      return revisions.map(({ name, meta }) => ({ collection, name, meta }));
    });
  }

  collections(signal?: AbortSignal): Promise<string[]> {
    return this.#run(signal, async (scope) => {
      const revisions = await this.#find(scope, {});
      return [...new Set(revisions.map(({ collection }) => collection))].sort(byText);
    });
  }

  apply(changes: readonly KeychainChange[], signal?: AbortSignal): Promise<void> {
    changes.forEach(checkChange);
    if (changes.length === 0) return Promise.resolve();
    return this.#run(signal, async (scope) => {
      await refuseUnusable(scope);
      for (const change of changes) {
        signal?.throwIfAborted();
        await this.#change(scope, change, signal);
      }
    });
  }

  async #change(scope: Scope, change: KeychainChange, signal?: AbortSignal): Promise<void> {
    const { collection, name } = change.key;
    const old = await this.#find(scope, { collection, name });
    if (change.op === "put") {
      const attributes = newAttributes(this.#profile, change.key, nextRev(old, this.#random), change.meta);
      await scope.session.store(scope.watch, attributes, change.label ?? `AgentSecrets: ${name}`, change.value);
    }
    for (const { path } of old) {
      // Left behind after a `put` it is merely an older revision: nobody waits until a person has confirmed that it can go.
      const removed = await scope.session.remove(
        scope.watch,
        path,
        change.op === "put" ? PUT_PATIENCE_MS : this.#timeoutMs,
        signal,
      );
      if (!removed && change.op === "remove") throw new AppError("keychain_locked", { backend: BACKEND });
    }
  }

  /** The newest revisions of those `names` that exist: name by name, or out of the whole collection, whichever is less work. */
  async #wanted(scope: Scope, collection: string, names: ReadonlySet<string>): Promise<Revision[]> {
    const size = names.size === 1 ? Infinity : (await this.#paths(scope, { collection })).length;
    if (names.size * SEARCH_COST > size) {
      return newest(await this.#find(scope, { collection })).filter(({ name }) => names.has(name));
    }
    const found = await Promise.all([...names].map((name) => this.#find(scope, { collection, name })));
    return newest(found.flat());
  }

  /**
   * Items with their values, or undefined when one was replaced in between. The service may give a removed item's path to a
   * new one, so a value counts only if the path was the same revision before and after it was fetched.
   */
  async #read(scope: Scope, revisions: readonly Revision[]): Promise<KeychainItem[] | undefined> {
    if (revisions.length === 0) return [];
    const values = await scope.session.values(scope.watch, revisions.map(({ path }) => path));
    const after = await this.#revisions(scope, revisions.map(({ path }) => path));
    const isWhole = revisions.every((revision, i) => values.has(revision.path) && isSame(revision, after[i]));
    if (!isWhole) {
      for (const value of values.values()) value.dispose();
      return undefined;
    }
    return revisions.map(({ path, collection, name, meta }) => {
      return { collection, name, meta, value: values.get(path) as Secret };
    });
  }

  /** Every revision of this profile that matches. */
  async #find(scope: Scope, part: Partial<KeychainKey>): Promise<Revision[]> {
    const found = await this.#revisions(scope, await this.#paths(scope, part));
    return found.filter((revision) => revision !== undefined);
  }

  /** The items that match. @throws {AppError} `keychain_locked` when it cannot be told */
  async #paths(scope: Scope, part: Partial<KeychainKey>): Promise<readonly string[]> {
    const { unlocked, locked } = await scope.bus.search(scope.watch, searchAttributes(this.#profile, part));
    if (locked.length > 0) throw new AppError("keychain_locked", { backend: BACKEND });
    // Some services show nothing at all of a locked keyring: that must not read as "there is none".
    if (unlocked.length === 0) await refuseLocked(scope);
    return unlocked;
  }

  async #revisions(scope: Scope, paths: readonly string[]): Promise<(Revision | undefined)[]> {
    const out = new Array<Revision | undefined>(paths.length);
    let next = 0;
    const work = async (): Promise<void> => {
      for (let at = next++; at < paths.length; at = next++) {
        const attributes = await scope.bus.attributes(scope.watch, paths[at]!);
        out[at] = attributes && readRevision(this.#profile, paths[at]!, attributes);
      }
    };
    await Promise.all(Array.from({ length: Math.min(PARALLEL, paths.length) }, work));
    return out;
  }

  /** Runs one operation under the deadline, with every failure in the catalog's words. */
  async #run<T>(signal: AbortSignal | undefined, work: (scope: Scope) => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const bus = await findSessionBus(Deno.env);
    if ("absent" in bus) throw new AppError("keychain_absent", { backend: BACKEND, reason: bus.absent });
    this.#libraries ??= openLibraries();
    if (this.#libraries === undefined) {
      throw new AppError("keychain_absent", { backend: BACKEND, reason: "the library libsecret is not installed" });
    }
    using watch = new Watch(this.#libraries.glib, this.#timeoutMs, signal);
    try {
      const session = await this.#open(this.#libraries);
      signal?.throwIfAborted();
      return await work({ session, bus: session.bus, watch });
    } catch (error) {
      signal?.throwIfAborted();
      throw asKeychainError(error, watch.expired, this.#timeoutMs);
    }
  }

  /** The session, opened anew when the bus or the service was replaced since. Operations that start together share it. */
  async #open(libraries: Libraries): Promise<Session> {
    const before = this.#session;
    const current = await before?.catch(() => undefined);
    if (current?.isAlive()) return current;
    if (this.#session === before) {
      current?.close();
      this.#session = openSession(libraries, this.#timeoutMs);
    }
    return this.#session ?? openSession(libraries, this.#timeoutMs);
  }
}

/** Under a deadline of its own: who gives up waiting must not take the session from those who start with him. */
async function openSession(libraries: Libraries, timeoutMs: number): Promise<Session> {
  using watch = new Watch(libraries.glib, timeoutMs);
  try {
    return await Session.open(libraries, watch);
  } catch (error) {
    throw asKeychainError(error, watch.expired, timeoutMs);
  }
}

async function refuseLocked({ bus, watch }: Scope): Promise<void> {
  if (await bus.defaultCollection(watch) === "locked") throw new AppError("keychain_locked", { backend: BACKEND });
}

async function refuseUnusable(scope: Scope): Promise<void> {
  const state = await scope.bus.defaultCollection(scope.watch);
  if (state === "locked") throw new AppError("keychain_locked", { backend: BACKEND });
  // Without a default keyring libsecret would show a prompt to make one.
  if (state === "none") {
    throw new AppError("keychain_absent", { backend: BACKEND, reason: "it has no default keyring" });
  }
}
