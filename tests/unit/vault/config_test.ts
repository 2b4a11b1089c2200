import assert from "node:assert/strict";
import { systemRandom } from "../../../src/adapters/random/system.ts";
import { DiskFiles } from "../../../src/adapters/files/disk.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import {
  type Config,
  isSameVault,
  parseConfig,
  readConfig,
  requireConfig,
  updateConfig,
  vaultFolderOf,
  writeConfig,
} from "../../../src/vault/config.ts";
import type { Email, EnvironmentName, ProjectId, UserId } from "../../../src/kernel/names.ts";
import { placesOf } from "../../../src/vault/places.ts";
import { FakeClock } from "../../support/fake_clock.ts";

const USER = `u_${"a".repeat(32)}` as UserId;
const PROJECT = `p_${"b".repeat(16)}` as ProjectId;
const config: Config = {
  profile: "abcdefghijklmnop",
  server: "embedded:local",
  account: { userId: USER, email: "you@example.com" as Email },
  storageMode: 1,
  vault: { kind: "file", unlock: "passphrase" },
  active: { environments: { [PROJECT]: "staging" as EnvironmentName } },
  last: { pull: {}, push: {} },
  proxy: { port: 8765 },
};

async function inHome(test: (home: string, files: DiskFiles) => Promise<void>): Promise<void> {
  const home = await Deno.makeTempDir();
  try {
    await test(home, new DiskFiles(systemRandom, new FakeClock()));
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}

const bytes = (value: unknown): Uint8Array =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

async function fileOf(value: Config): Promise<Record<string, unknown>> {
  let written: Record<string, unknown> = {};
  await inHome(async (home, files) => {
    await writeConfig(files, placesOf(home), value);
    written = JSON.parse(await Deno.readTextFile(`${home}/config.json`));
  });
  return written;
}

Deno.test("a configuration that was written reads back the same, from a file only its owner can read", async () => {
  await inHome(async (home, files) => {
    const places = placesOf(home);
    assert.equal(await readConfig(files, places), undefined);
    await writeConfig(files, places, config);
    assert.deepEqual(await requireConfig(files, places), config);
    if (Deno.build.os !== "windows") assert.equal((await Deno.stat(places.config)).mode! & 0o777, 0o600);
  });
});

Deno.test("a vault file may have a folder of its own in the home", async () => {
  const moved: Config = { ...config, vault: { kind: "file", unlock: "key-file", folder: "vault-abcdefghijklmnop" } };
  assert.deepEqual(parseConfig("/c", bytes(await fileOf(moved))), moved);
  const places = placesOf("/home/you/.agentsecrets");
  assert.equal(vaultFolderOf(places, moved.vault), "/home/you/.agentsecrets/vault-abcdefghijklmnop");
  assert.equal(vaultFolderOf(places, config.vault), places.vaultFolder);
  assert.equal(isSameVault(moved.vault, config.vault), false);
});

Deno.test("an upstream proxy is 'env' or an origin; a password has no place in the file", async () => {
  for (const upstreamProxy of ["env", "http://proxy.example:3128", "https://[2001:db8::1]"]) {
    const proxied: Config = { ...config, proxy: { port: 1, upstreamProxy } };
    const file = await fileOf(proxied);
    assert.deepEqual(file["proxy"], { port: 1, upstream_proxy: upstreamProxy });
    assert.deepEqual(parseConfig("/c", bytes(file)), proxied);
  }
  const file = await fileOf(config);
  const refused = [
    "",
    "ENV",
    "proxy.example:3128",
    "http://u:p@proxy.example",
    "http://proxy.example/x",
    "socks5://p.example",
    1,
  ];
  for (const wrong of refused) {
    const text = bytes({ ...file, proxy: { upstream_proxy: wrong } });
    assert.throws(() => parseConfig("/c", text), (e) => isAppError(e, "config_damaged"), String(wrong));
  }
});

Deno.test("no home is not_initialised, and only that", async () => {
  await inHome(async (home, files) => {
    await assert.rejects(requireConfig(files, placesOf(home)), (e) => isAppError(e, "not_initialised"));
    await assert.rejects(updateConfig(files, placesOf(home), (c) => c), (e) => isAppError(e, "not_initialised"));
  });
});

Deno.test("P26 a file that does not parse, or has an unknown field, is damage and never an empty configuration", async () => {
  const good = await fileOf(config);
  const bad: readonly unknown[] = [
    "",
    "{",
    "[]",
    "null",
    JSON.stringify(good).slice(0, -1),
    "\uFEFF" + JSON.stringify(good),
    { ...good, extra: 1 },
    { ...good, version: undefined },
    { ...good, profile: "../../etc" },
    { ...good, server: "http://example.com" },
    { ...good, server: "https://example.com/path" },
    { ...good, storage_mode: 3 },
    { ...good, storage_mode: "1" },
    { ...good, vault: { kind: "system", unlock: "passphrase" } },
    { ...good, vault: { kind: "memory" } },
    ...["", ".", "vault", "vault-../../etc/passwd", "/tmp/vault-abcdefghijklmnop", "vault-ABCDEFGHIJKLMNOP"].map(
      (folder) => ({ ...good, vault: { kind: "file", unlock: "passphrase", folder } }),
    ),
    { ...good, account: { user_id: USER } },
    { ...good, account: { user_id: USER, email: "you@example.com", device_id: "d_x" } },
    { ...good, active: { environments: { [PROJECT]: "Staging" } } },
    { ...good, active: { environments: { other: "staging" } } },
    { ...good, active: { environments: [] } },
    { ...good, last: { pull: { e_x: 1 }, push: {} } },
    { ...good, proxy: { port: 0 } },
  ];
  for (const content of bad) {
    assert.throws(() => parseConfig("/home/config.json", bytes(content)), (e) => isAppError(e, "config_damaged"));
  }
  const invalidUtf8 = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d]);
  assert.throws(() => parseConfig("/home/config.json", invalidUtf8), (e) => isAppError(e, "config_damaged"));
});

Deno.test("a version from the future is named as such", async () => {
  const future = { ...await fileOf(config), version: 2 };
  assert.throws(() => parseConfig("/c", bytes(future)), (e) => isAppError(e, "unsupported_format"));
});

Deno.test("an error about the configuration repeats none of its content", async () => {
  const secretish = { ...await fileOf(config), profile: "sk_live_canary", "sk_live_canary field": 1 };
  assert.throws(() => parseConfig("/c", bytes(secretish)), (e) => isAppError(e) && !e.message.includes("canary"));
});

Deno.test("two changes at once lose nothing of each other's", async () => {
  await inHome(async (home, files) => {
    const places = placesOf(home);
    await writeConfig(files, places, config);
    const other = new DiskFiles(systemRandom, new FakeClock());
    await Promise.all(
      Array.from({ length: 8 }, (_, i) =>
        updateConfig(i % 2 === 0 ? files : other, places, (c) => ({
          ...c,
          last: { ...c.last, pull: { ...c.last.pull, [`e_${"abcdefgh"[i]!.repeat(16)}`]: i } },
        }))),
    );
    assert.equal(Object.keys((await requireConfig(files, places)).last.pull).length, 8);
  });
});
