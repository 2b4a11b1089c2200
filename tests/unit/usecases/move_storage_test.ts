/**
 * P60: a move of the storage that dies before any of its steps leaves one vault that is complete and in force. Death is a disk, and a
 * keychain, on which nothing works any more from the n-th change on; what comes after is a new process on what is left.
 */
import assert from "node:assert/strict";
import { FileKeychain } from "../../../src/adapters/keychain/file.ts";
import { GuardedKeychain } from "../../../src/adapters/keychain/guarded.ts";
import { MemoryKeychain } from "../../../src/adapters/keychain/memory.ts";
import { createVault, type VaultPlace } from "../../../src/adapters/keychain/vault_file/lifecycle.ts";
import { removeVault } from "../../../src/adapters/keychain/vault_file/removal.ts";
import type { Unlock } from "../../../src/adapters/keychain/vault_file/unlock.ts";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { AppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import type { Files } from "../../../src/ports/files.ts";
import type { Keychain, KeychainChange, KeychainState } from "../../../src/ports/keychain.ts";
import {
  moveStorage,
  type MoveStoragePorts,
  readStorage,
  type StorageTarget,
} from "../../../src/usecases/move_storage.ts";
import type { NewVault, Vaults } from "../../../src/usecases/ports.ts";
import { isSameVault, isSealed, requireConfig, type VaultChoice, vaultFolderOf } from "../../../src/vault/config.ts";
import { lockPath } from "../../../src/vault/places.ts";
import { CHEAP } from "../../support/vault.ts";
import { initWorld, PASSWORD, typing, World } from "../../support/world.ts";

const PASSPHRASE = "a passphrase of the file";

/** What changes something counts; from the n-th on everything fails. */
class Fate {
  #left: number;
  steps = 0;

  constructor(stepsToLive = Infinity) {
    this.#left = stepsToLive;
  }

  /** Before a change. */
  step(): void {
    this.steps++;
    if (--this.#left < 0) throw new Died();
  }

  alive(): void {
    if (this.#left < 0) throw new Died();
  }
}

/** No failure of the program's own: nothing may handle it. */
class Died extends Error {}

function mortalFiles(files: Files, fate: Fate): Files {
  return new Proxy(files, {
    get: (target, name) => {
      const method = Reflect.get(target, name) as (...args: unknown[]) => unknown;
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        const changes = name === "write" || name === "create" || name === "remove";
        try {
          if (changes) fate.step();
          else fate.alive();
        } catch (error) {
          return Promise.reject(error);
        }
        return Reflect.apply(method, target, args);
      };
    },
  });
}

/** The system's keychain of this machine: outlives a process, and changes item by item. */
function mortalKeychain(inner: MemoryKeychain, fate: Fate): Keychain {
  const apply = async (changes: readonly KeychainChange[]): Promise<void> => {
    for (const change of changes) {
      fate.step();
      await inner.apply([change]);
    }
  };
  return new Proxy(inner, {
    get: (target, name) => {
      if (name === "apply") return apply;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** The vaults of a home, real files at the least cost that a head may have. */
class TestVaults implements Pick<Vaults, "makeBeside" | "discard" | "probeSystem"> {
  /** What the system's keychain says of itself, and whether what lies in it can be removed. */
  system: KeychainState = { state: "ready" };
  removes = true;

  readonly #world: World;
  readonly #system: MemoryKeychain;
  readonly #fate: Fate;
  readonly #files: Files;

  constructor(world: World, files: Files, system: MemoryKeychain, fate: Fate) {
    this.#world = world;
    this.#files = files;
    this.#system = system;
    this.#fate = fate;
  }

  probeSystem(): Promise<KeychainState> {
    return Promise.resolve(this.system);
  }

  async makeBeside(profile: string, vault: NewVault): Promise<Keychain> {
    if (vault.kind === "file") {
      await createVault({ ...this.#place(profile, vault), unlock: unlockOf(vault), cost: CHEAP });
    }
    return this.#bare(profile, vault);
  }

  async discard(profile: string, vault: VaultChoice): Promise<void> {
    if (!this.removes) throw new AppError("keychain_locked", { backend: "system keychain" });
    if (vault.kind === "file") return await removeVault(this.#files, this.#place(profile, vault).folder);
    const keychain = this.#bare(profile, vault);
    for (const collection of await keychain.collections()) {
      const names = (await keychain.list(collection)).map(({ name }) => name);
      await keychain.apply(names.map((name) => ({ op: "remove", key: { collection, name } })));
    }
  }

  /** What config.json names. */
  async current(): Promise<Keychain> {
    const { profile, vault } = await requireConfig(this.#files, this.#world.places);
    return new GuardedKeychain(this.#bare(profile, vault), {
      files: this.#files,
      lockPath: lockPath(this.#world.places, "vault"),
      inForce: async () => isSameVault((await requireConfig(this.#files, this.#world.places)).vault, vault),
    });
  }

  #bare(profile: string, vault: VaultChoice | NewVault): Keychain {
    if (vault.kind === "system") return mortalKeychain(this.#system, this.#fate);
    return new FileKeychain({ ...this.#place(profile, vault), unlock: unlockOf(vault) });
  }

  #place(profile: string, vault: VaultChoice | NewVault): VaultPlace & { files: Files; random: typeof systemRandom } {
    return { folder: vaultFolderOf(this.#world.places, vault), profile, files: this.#files, random: systemRandom };
  }
}

function unlockOf(vault: (VaultChoice | NewVault) & { kind: "file" }): Unlock {
  if (vault.unlock === "key-file") return { kind: "key-file" };
  return {
    kind: vault.unlock,
    passphrase: async () => Secret.fromText(vault.unlock === "password" ? PASSWORD : PASSPHRASE),
  };
}

/** One process: what it is told, and how long it lives. */
function processOf(world: World, system: MemoryKeychain, fate = new Fate()): MoveStoragePorts & { vaults: TestVaults } {
  const files = mortalFiles(world.files, fate);
  const vaults = new TestVaults(world, files, system, fate);
  const { clock, random, places, machine } = world;
  return {
    clock,
    random,
    places,
    machine,
    files,
    vaults: vaults as TestVaults & Vaults,
    keychain: () => vaults.current(),
    transport: () => world.transport(),
  };
}

const SECRETS: readonly KeychainChange[] = [
  change("w/p/e1", "A", "the value A", { state: "synced", version: "3", domains: "api.example.com" }),
  change("w/p/e1", "GONE", "-", { state: "deleted", version: "2" }),
  change("w/p/e2", "A", "of another environment", { state: "modified" }),
  change("audit", "checkpoint", "-", { seq: "16", hash: "abc" }),
];

function change(collection: string, name: string, value: string, meta: Record<string, string>): KeychainChange {
  return { op: "put", key: { collection, name }, meta, value: Secret.fromText(value) };
}

/** Everything in a vault, with its values. */
async function contents(keychain: Keychain): Promise<Record<string, unknown>> {
  const out: Record<string, unknown> = {};
  for (const collection of await keychain.collections()) {
    for (const { name } of await keychain.list(collection)) {
      const item = (await keychain.get({ collection, name }))!;
      using value = item.value;
      // A session is renewed by whoever opens the account.
      out[`${collection} ${name}`] = name === "session"
        ? "a session"
        : [item.meta, value.expose((bytes) => bytes.toHex())];
    }
  }
  return out;
}

/** A home whose vault is in the system's keychain, with more in it than `init` made. */
async function home(): Promise<{ world: World; system: MemoryKeychain }> {
  const world = await World.make();
  await initWorld(world);
  const system = await world.keychain() as MemoryKeychain;
  await system.apply(SECRETS);
  return { world, system };
}

const TARGETS: readonly (readonly [string, StorageTarget])[] = [
  ["system", { kind: "system" }],
  ["sealed", { kind: "sealed" }],
  ["key file", { kind: "file", unlock: "key-file" }],
  ["passphrase", { kind: "file", unlock: "passphrase", passphrase: async () => Secret.fromText(PASSPHRASE) }],
];

async function folders(world: World): Promise<string[]> {
  return [...Deno.readDirSync(world.places.home)].map(({ name }) => name).filter((name) => name.startsWith("vault"));
}

Deno.test("P60 everything moves, from each kind of vault to each other, and nothing of the former is left", async () => {
  const { world, system } = await home();
  await using _ = world;
  const before = await contents(system);
  const route = [1, 2, 3, 1, 3, 2, 0, 2, 1, 0, 3, 0];
  for (const [i, step] of route.entries()) {
    const [name, to] = TARGETS[step]!;
    const ports = processOf(world, system), where = `step ${i}, to ${name}`;
    const moved = await moveStorage(ports, { to, password: typing() });
    assert.deepEqual([moved.outcome, moved.items, moved.tidied], ["moved", Object.keys(before).length, false], where);
    assert.deepEqual(await contents(await ports.keychain()), before, where);
    assert.equal((await system.collections()).length > 0, to.kind === "system", where);
    assert.equal((await folders(world)).length, to.kind === "system" ? 0 : 1, where);
    const config = await requireConfig(world.files, world.places);
    assert.equal(isSealed(config), to.kind === "sealed");
    assert.equal(config.storageMode, to.kind === "sealed" ? 3 : 1);
    const again = typing();
    assert.equal((await moveStorage(ports, { to, password: again })).outcome, "kept", where);
    assert.equal(again.asked, 0);
  }
});

/** Dies before each step in turn, until it lives; what is there afterwards must be one vault, whole. */
async function dieAtEachStep(prepare: StorageTarget | undefined, to: StorageTarget): Promise<void> {
  const { world, system } = await home();
  await using _ = world;
  const before = await contents(system);
  if (prepare !== undefined) await moveStorage(processOf(world, system), { to: prepare, password: typing() });
  const start = await requireConfig(world.files, world.places);
  let cutOff = 0, steps = 0;
  for (let stepsToLive = 0;; stepsToLive++) {
    const fate = new Fate(stepsToLive);
    const outcome = await moveStorage(processOf(world, system, fate), { to, password: typing() })
      .then(() => "lived" as const, (error) => {
        if (error instanceof Died || (error instanceof AppError && error.cause instanceof Died)) return "died" as const;
        throw error;
      });
    const where = `after ${stepsToLive} steps`;
    const next = processOf(world, system);
    // Whichever is in force, it is complete, and it opens.
    assert.deepEqual(await contents(await next.keychain()), before, where);
    const { vault } = await requireConfig(world.files, world.places);
    const moved = !isSameVault(vault, start.vault);
    if (outcome === "lived") {
      assert.ok(moved);
      assert.equal((await readStorage(next)).leftOver, false);
      steps = stepsToLive;
      break;
    }
    cutOff++;
    // The same command again finishes what is left over, whichever way it had gone.
    if (moved) {
      const finished = await moveStorage(next, { to, password: typing() });
      assert.equal(finished.outcome, "kept", where);
      assert.equal((await readStorage(next)).leftOver, false, where);
      assert.equal((await system.collections()).length > 0, to.kind === "system", where);
      assert.equal((await folders(world)).length, to.kind === "system" ? 0 : 1, where);
      assert.deepEqual(await contents(await next.keychain()), before, where);
      // And back, for the next death.
      await moveStorage(next, { to: prepare ?? { kind: "system" }, password: typing() });
      Object.assign(start, { vault: (await requireConfig(world.files, world.places)).vault });
    }
  }
  assert.ok(cutOff >= 8, `it died ${cutOff} times in ${steps} steps`);
}

Deno.test("P60 system keychain → sealed: dying before any step leaves one vault complete and in force", async () => {
  await dieAtEachStep(undefined, { kind: "sealed" });
});

Deno.test("P60 sealed → system keychain: dying before any step leaves one vault complete and in force", async () => {
  await dieAtEachStep({ kind: "sealed" }, { kind: "system" });
});

Deno.test("P60 vault file → sealed: dying before any step leaves one vault complete and in force", async () => {
  await dieAtEachStep({ kind: "file", unlock: "key-file" }, { kind: "sealed" });
});

Deno.test("P61 a wrong password moves nothing and leaves nothing behind", async () => {
  const { world, system } = await home();
  await using _ = world;
  const before = await contents(system);
  const ports = processOf(world, system);
  const move = moveStorage(ports, { to: { kind: "sealed" }, password: typing("not the password") });
  await assert.rejects(move, { code: "login_refused" });
  assert.deepEqual(await contents(system), before);
  assert.deepEqual(await folders(world), []);
  assert.equal((await readStorage(ports)).leftOver, false);
});

Deno.test("P60 a process that has the former vault open neither writes there nor takes it for empty", async () => {
  const { world, system } = await home();
  await using _ = world;
  const old = await processOf(world, system).keychain();
  await moveStorage(processOf(world, system), { to: { kind: "sealed" }, password: typing() });
  const key = { collection: "w/p/e1", name: "A" };
  using value = Secret.fromText("written too late");
  await assert.rejects(old.apply([{ op: "put", key, meta: {}, value }]), { code: "vault_moved" });
  await assert.rejects(old.get(key), { code: "vault_moved" });
  await assert.rejects(old.getMany("w/p/e1", ["A"]), { code: "vault_moved" });
  await assert.rejects(old.list("w/p/e1"), { code: "vault_moved" });
  await assert.rejects(old.collections(), { code: "vault_moved" });
  assert.deepEqual(old.stamp?.(["w/p/e1"]), system.stamp());
  assert.deepEqual(await system.collections(), []);
});

Deno.test("a system keychain that does not answer is refused before anything is asked or written", async () => {
  const { world, system } = await home();
  await using _ = world;
  await moveStorage(processOf(world, system), { to: { kind: "file", unlock: "key-file" }, password: typing() });
  const states = {
    keychain_absent: { state: "absent", reason: "there is none" },
    keychain_locked: { state: "locked" },
  } as const;
  for (const [code, state] of Object.entries(states)) {
    const ports = processOf(world, system), password = typing();
    ports.vaults.system = state;
    await assert.rejects(moveStorage(ports, { to: { kind: "system" }, password }), { code });
    assert.deepEqual([password.asked, (await readStorage(ports)).leftOver], [0, false]);
  }
});

Deno.test("a former vault that cannot be removed yet is told of, and goes with the next run", async () => {
  const { world, system } = await home();
  await using _ = world;
  const ports = processOf(world, system);
  ports.vaults.removes = false;
  const moved = await moveStorage(ports, { to: { kind: "sealed" }, password: typing() });
  assert.deepEqual([moved.outcome, moved.leftOver], ["moved", true]);
  assert.ok((await system.collections()).length > 0);
  assert.equal((await readStorage(ports)).leftOver, true);
  const again = await moveStorage(processOf(world, system), { to: { kind: "sealed" }, password: typing() });
  assert.deepEqual([again.outcome, again.tidied, again.leftOver], ["kept", true, false]);
  assert.deepEqual(await system.collections(), []);
});
