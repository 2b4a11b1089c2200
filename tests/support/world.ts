/**
 * The world of a use-case in tests: the real embedded server on a real file in a temporary home, real files, real cryptography; a
 * keychain in memory, a clock that a test moves, and a transport that can be made to lie.
 */
import { SqliteBlobStore } from "../../src/adapters/blob_store/sqlite.ts";
import { SystemClock } from "../../src/adapters/clock/system.ts";
import { DiskFiles } from "../../src/adapters/files/disk.ts";
import { MemoryKeychain } from "../../src/adapters/keychain/memory.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { EMBEDDED_ORIGIN, EmbeddedTransport } from "../../src/adapters/sync_transport/embedded.ts";
import { AppError } from "../../src/kernel/error.ts";
import { parseEmail } from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Keychain, KeychainState } from "../../src/ports/keychain.ts";
import { createSyncServer } from "../../src/server/app.ts";
import { init, type InitResult } from "../../src/usecases/init.ts";
import type { Ports } from "../../src/usecases/ports.ts";
import { requireConfig } from "../../src/vault/config.ts";
import { KeychainSecretReader } from "../../src/vault/keychain_secret_reader.ts";
import { placesOf } from "../../src/vault/places.ts";
import { EvilTransport } from "./evil_transport.ts";
import { FakeClock } from "./fake_clock.ts";

/** The password of every account that {@linkcode initWorld} makes. */
export const PASSWORD = "correct horse battery staple";
export const EMAIL = "you@example.com";

/** A world on a temporary folder. Dispose of it. */
export class World implements Ports, AsyncDisposable {
  readonly base: string;
  readonly clock = new FakeClock();
  readonly random = systemRandom;
  readonly files = new DiskFiles(systemRandom, this.clock);
  readonly machine = { name: "test machine", system: "linux" };
  readonly places;
  readonly keychains = new Map<string, Keychain>();
  workingFolder: string;
  systemKeychain: KeychainState = { state: "ready" };
  #transport: EvilTransport | undefined;

  private constructor(base: string) {
    this.base = base;
    this.places = placesOf(`${base}/home`);
    this.workingFolder = `${base}/project`;
  }

  static async make(): Promise<World> {
    const base = await Deno.realPath(await Deno.makeTempDir({ prefix: "agentsecrets-world-" }));
    await Deno.mkdir(`${base}/project`);
    return new World(base);
  }

  /** The same home as another process sees it: own connection to the database, own locks, same keychain. */
  again(): World {
    const other = new World(this.base);
    for (const [profile, keychain] of this.keychains) other.keychains.set(profile, keychain);
    return other;
  }

  readonly vaults: Ports["vaults"] = {
    probeSystem: async () => this.systemKeychain,
    make: async (profile) => {
      const keychain = new MemoryKeychain();
      this.keychains.set(profile, keychain);
      return keychain;
    },
    makeBeside: async () => new MemoryKeychain(),
    discard: async () => {},
    open: async (profile) => this.#keychain(profile),
    announcePassword: async (_profile, current, next) => (current.dispose(), next.dispose()),
    settlePassword: async () => {},
    remakeSealed: async () => this.keychain(),
    seal: () => {},
  };
  readonly broker: Ports["broker"] = { connect: async () => undefined };

  async keychain(): Promise<Keychain> {
    return this.#keychain((await requireConfig(this.files, this.places)).profile);
  }

  /** The one transport of this world, honest until told otherwise. */
  get evil(): EvilTransport {
    return this.#transport ??= new EvilTransport(this.#embedded());
  }

  async transport(): Promise<EvilTransport> {
    return this.evil;
  }

  async secretReader(): Promise<KeychainSecretReader> {
    return new KeychainSecretReader(await this.keychain());
  }

  async renameFolder(from: string, to: string): Promise<void> {
    await Deno.rename(from, to);
  }

  /** Closes the database, as the end of a command does; the next request opens it again. */
  async closeServer(): Promise<void> {
    await this.#transport?.close();
    this.#transport = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.closeServer();
    await Deno.remove(this.base, { recursive: true }).catch(() => {});
  }

  #keychain(profile: string): Keychain {
    const keychain = this.keychains.get(profile);
    if (keychain === undefined) throw new AppError("keychain_absent", { backend: "memory", reason: "no such profile" });
    return keychain;
  }

  #embedded(): EmbeddedTransport {
    return new EmbeddedTransport(async () => {
      const { clock, places } = this;
      const path = places.database;
      // Waiting for another connection's transaction is real even where the hands of the clock are not.
      const waiting = new SystemClock();
      const store = await SqliteBlobStore.open({
        path,
        suffix: systemRandom(8).toHex(),
        clock: {
          now: () => clock.now(),
          monotonicMs: () => waiting.monotonicMs(),
          sleep: (ms, signal) => waiting.sleep(ms, signal),
        },
        mustExist: false,
      });
      const handle = createSyncServer({
        store: async () => store,
        clock,
        random: systemRandom,
        origin: EMBEDDED_ORIGIN,
        registration: { kind: "open" },
        version: "0.0.0-test",
        showStorageFailures: true,
      });
      return { handle, close: () => store.close() };
    });
  }
}

/** Asks nobody: answers with `password`, and counts. */
export function typing(password: string = PASSWORD): (() => Promise<Secret>) & { asked: number } {
  const ask = async (): Promise<Secret> => {
    ask.asked++;
    return Secret.fromText(password);
  };
  ask.asked = 0;
  return ask;
}

/** A result of `init` that made an account. */
export type CreatedAccount = Extract<InitResult, { outcome: "created" }>;

/** Sets an account up in `world`: one Argon2id derivation, so a test file does it once where it can. */
export async function initWorld(world: World): Promise<CreatedAccount> {
  const result = await init(world, {
    answers: {
      email: async () => parseEmail(EMAIL),
      password: typing(),
      vault: () => Promise.reject(new AppError("missing_answer", { what: "the vault", flag: "--vault" })),
    },
  });
  if (result.outcome !== "created") throw new Error("there was an account already");
  return result;
}

/** The text of a secret, for tests that must compare it. */
export function textOf(secret: Secret): string {
  return secret.expose((bytes) => new TextDecoder().decode(bytes));
}
