import assert from "node:assert/strict";
import { DiskFiles } from "../../../src/adapters/files/disk.ts";
import { SystemClock } from "../../../src/adapters/clock/system.ts";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import type { Email, UserId } from "../../../src/kernel/names.ts";
import { PerVault } from "../../../src/usecases/per_vault.ts";
import { type Config, updateConfig, type VaultChoice, writeConfig } from "../../../src/vault/config.ts";
import { placesOf } from "../../../src/vault/places.ts";

const KEY_FILE: VaultChoice = { kind: "file", unlock: "key-file" };
const SEALED: VaultChoice = { kind: "file", unlock: "password", folder: "vault-abcdefghijklmnop" };
const CONFIG: Config = {
  profile: "abcdefghijklmnop",
  server: "embedded:local",
  account: { userId: `u_${"a".repeat(32)}` as UserId, email: "you@example.com" as Email },
  storageMode: 1,
  vault: KEY_FILE,
  active: { environments: {} },
  last: { pull: {}, push: {} },
  proxy: {},
};

/** A home, and something made for its vault: the vault's name and how many were made before. */
class Scene implements AsyncDisposable {
  readonly files = new DiskFiles(systemRandom, new SystemClock());
  readonly places;
  readonly retired: string[] = [];
  made = 0;
  failure: Error | undefined;
  readonly bound;

  private constructor(readonly home: string) {
    this.places = placesOf(home);
    this.bound = new PerVault<string>(this, {
      make: ({ vault }) => {
        if (this.failure !== undefined) return Promise.reject(this.failure);
        return Promise.resolve(`${vault.kind === "file" ? vault.unlock : vault.kind} ${this.made++}`);
      },
      retire: (former) => void this.retired.push(former),
    });
  }

  static async make(): Promise<Scene> {
    return new Scene(await Deno.makeTempDir());
  }

  async change(what: Partial<Config>): Promise<void> {
    await updateConfig(this.files, this.places, (config) => ({ ...config, ...what }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.home, { recursive: true });
  }
}

Deno.test("what was made for a vault serves until config.json names another one; then the former is retired", async () => {
  await using scene = await Scene.make();
  await assert.rejects(scene.bound.current(), (e) => isAppError(e, "not_initialised"));
  await writeConfig(scene.files, scene.places, CONFIG);
  for (let i = 0; i < 3; i++) assert.equal(await scene.bound.current(), "key-file 0");
  await scene.change({ storageMode: 2 });
  assert.equal(await scene.bound.current(), "key-file 0", "another change is none of its business");
  await scene.change({ vault: SEALED, storageMode: 3 });
  const all = await Promise.all([1, 2, 3].map(() => scene.bound.current()));
  assert.deepEqual(all, ["password 1", "password 1", "password 1"], "made once for all who ask");
  assert.deepEqual(scene.retired, ["key-file 0"]);
  await scene.change({ vault: { ...SEALED, folder: "vault-ponmlkjihgfedcba" } });
  assert.equal(await scene.bound.current(), "password 2", "of the same kind, in another folder");
  await scene.change({ vault: KEY_FILE, storageMode: 1 });
  assert.equal(await scene.bound.current(), "key-file 3");
  assert.equal(scene.retired.length, 3);
  scene.bound.drop();
  assert.equal(await scene.bound.current(), "key-file 4");
});

Deno.test("another account in the home's place is no move, and a failure is forgotten", async () => {
  await using scene = await Scene.make();
  await writeConfig(scene.files, scene.places, CONFIG);
  scene.failure = new Error("locked");
  await assert.rejects(scene.bound.current(), /locked/);
  scene.failure = undefined;
  assert.equal(await scene.bound.current(), "key-file 0");
  await writeConfig(scene.files, scene.places, {
    ...CONFIG,
    profile: "ponmlkjihgfedcba",
    vault: SEALED,
    storageMode: 3,
  });
  assert.equal(await scene.bound.current(), "key-file 0");
  await Deno.remove(scene.places.config);
  await assert.rejects(scene.bound.current(), (e) => isAppError(e, "not_initialised"));
});
