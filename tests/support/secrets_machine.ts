/**
 * A person's machine for tests of the secrets use-cases: a real home in a temporary folder, a real embedded server behind a
 * transport that misbehaves on command, a memory keychain. A second machine of the same account can stand beside it.
 */
import { DiskFiles } from "../../src/adapters/files/disk.ts";
import { MemoryKeychain } from "../../src/adapters/keychain/memory.ts";
import { type Bytes, fromUtf8 } from "../../src/kernel/bytes.ts";
import { AppError } from "../../src/kernel/error.ts";
import { type Email, parseSecretName } from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { SecretScope } from "../../src/ports/secret_reader.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import { init } from "../../src/usecases/init.ts";
import type { Ports } from "../../src/usecases/ports.ts";
import { listSecrets } from "../../src/usecases/secrets/list.ts";
import type { WriteResult } from "../../src/usecases/secrets/outcome.ts";
import { setSecrets } from "../../src/usecases/secrets/set.ts";
import { KeychainSecretReader } from "../../src/vault/keychain_secret_reader.ts";
import { collectionOf } from "../../src/vault/local_state.ts";
import { placesOf } from "../../src/vault/places.ts";
import { EvilTransport } from "./evil_transport.ts";
import { seededRandom } from "./seeded_random.ts";
import { TestServer } from "./sync_server.ts";

export const PASSWORD = "correct horse battery staple";

export interface MachineOptions {
  readonly storageMode?: 1 | 2;
}

/** One machine, logged in, inside a project's folder. */
export class SecretsMachine implements AsyncDisposable {
  readonly base: string;
  readonly server: TestServer;
  readonly evil: EvilTransport;
  readonly keychain: MemoryKeychain;
  readonly ports: Ports;
  readonly #ownsServer: boolean;

  private constructor(base: string, server: TestServer, ownsServer: boolean) {
    this.base = base;
    this.server = server;
    this.#ownsServer = ownsServer;
    const { clock } = server;
    this.evil = new EvilTransport(server.transport);
    const keychain = this.keychain = new MemoryKeychain();
    const random = seededRandom(base);
    this.ports = {
      clock,
      random,
      files: new DiskFiles(random, clock),
      places: placesOf(`${base}/home`),
      workingFolder: this.folder,
      machine: { name: "laptop", system: "linux" },
      vaults: {
        probeSystem: async () => ({ state: "ready" }),
        make: async () => keychain,
        makeBeside: async () => keychain,
        discard: async () => {},
        open: async () => keychain,
        announcePassword: async (_profile, current, next) => (current.dispose(), next.dispose()),
        settlePassword: async () => {},
        remakeSealed: async () => keychain,
        seal: () => {},
      },
      broker: { connect: async () => undefined },
      keychain: async () => keychain,
      transport: async () => this.evil,
      secretReader: async () => new KeychainSecretReader(keychain),
      renameFolder: Deno.rename,
    };
  }

  /** A new account with a project of the first environments. */
  static async start(options: MachineOptions = {}): Promise<SecretsMachine> {
    const base = await Deno.realPath(await Deno.makeTempDir());
    const machine = new SecretsMachine(base, await TestServer.start(), true);
    await Deno.mkdir(machine.folder);
    const created = await init(machine.ports, {
      email: "ada@example.com" as Email,
      vault: { kind: "system" },
      storageMode: options.storageMode ?? 1,
      answers: {
        email: () => Promise.reject(new Error("not asked")),
        vault: () => Promise.reject(new Error("not asked")),
        password: async () => Secret.fromText(PASSWORD),
      },
    });
    if (created.outcome === "created") created.kit[Symbol.dispose]();
    await createProject(machine.ports, { name: "shop" });
    return machine;
  }

  /** Another machine of the same account, in its own checkout of the project, that has no secrets yet. */
  async twin(): Promise<SecretsMachine> {
    const base = await Deno.realPath(await Deno.makeTempDir());
    const twin = new SecretsMachine(base, this.server, false);
    await Deno.mkdir(`${twin.folder}/.agentsecrets`, { recursive: true });
    await Deno.mkdir(twin.ports.places.home);
    const project = ".agentsecrets/project.json";
    await Deno.copyFile(`${this.folder}/${project}`, `${twin.folder}/${project}`);
    await Deno.copyFile(this.ports.places.config, twin.ports.places.config);
    for (const collection of ["device", "pins"]) {
      const names = (await this.keychain.list(collection)).map(({ name }) => name);
      const items = await this.keychain.getMany(collection, names);
      await twin.keychain.apply(
        items.map(({ name, meta, value }) => ({ op: "put", key: { collection, name }, meta, value })),
      );
      for (const { value } of items) value.dispose();
    }
    return twin;
  }

  /** The project's folder. */
  get folder(): string {
    return `${this.base}/shop`;
  }

  /** Sets plain texts. */
  async set(
    values: Readonly<Record<string, string>>,
    options: { readonly force?: boolean; readonly environment?: string } = {},
  ): Promise<WriteResult> {
    const entries = Object.entries(values).map(([name, text]) => ({ name, value: Secret.fromText(text) }));
    try {
      return await setSecrets(this.ports, { folder: this.folder, entries, ...options });
    } finally {
      for (const { value } of entries) value.dispose();
    }
  }

  async scope(environment = "development"): Promise<SecretScope> {
    return (await listSecrets(this.ports, { folder: this.folder, environment })).place;
  }

  /** What the engine would read now: every value of an environment, as text. */
  async values(environment = "development"): Promise<Record<string, string>> {
    const reader = new KeychainSecretReader(this.keychain), scope = await this.scope(environment);
    const names = await reader.names(scope);
    const values = await reader.read(scope, names);
    return Object.fromEntries([...values].map(([name, value]) => {
      using secret = value;
      return [name, secret.expose((bytes) => fromUtf8(bytes))];
    }));
  }

  /** Everything the keychain holds of an environment, to compare before and after. */
  async state(environment = "development"): Promise<string> {
    const scope = await this.scope(environment);
    const entries = await this.keychain.list(collectionOf(scope));
    const pins = await this.keychain.get({ collection: "pins", name: "pins" });
    const pinned = pins?.value.expose((bytes) => fromUtf8(bytes));
    pins?.value.dispose();
    return JSON.stringify([entries, await this.values(environment), pinned]);
  }

  /** The metadata kept with one secret. */
  async meta(name: string, environment = "development"): Promise<Readonly<Record<string, string>> | undefined> {
    const scope = await this.scope(environment);
    return (await this.keychain.list(collectionOf(scope))).find((e) => e.name === parseSecretName(name))?.meta;
  }

  async read(file: string): Promise<string | undefined> {
    return await Deno.readTextFile(`${this.folder}/${file}`).catch(() => undefined);
  }

  async write(file: string, text: string | Bytes): Promise<void> {
    await Deno.writeFile(`${this.folder}/${file}`, typeof text === "string" ? new TextEncoder().encode(text) : text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ownsServer) await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.base, { recursive: true });
  }
}

/** Answers nothing: for {@linkcode EvilTransport.answer}. */
export function unreachable(): never {
  throw new AppError("server_unreachable", { origin: "embedded:local", reason: "it is off" });
}
