import assert from "node:assert/strict";
import fc from "fast-check";
import { FileKeychain } from "../../../../src/adapters/keychain/file.ts";
import { changeVaultPassphrase, createVault } from "../../../../src/adapters/keychain/vault_file/lifecycle.ts";
import { lengthPrefixed, u32be, utf8 } from "../../../../src/kernel/bytes.ts";
import { type ErrorCode, isAppError } from "../../../../src/kernel/error.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { plain, put } from "../../../contract/keychain_suite.ts";
import { onSmallDisk } from "../../../support/small_disk.ts";
import { TempFolder } from "../../../support/temp_folder.ts";
import { CHEAP, KEY_FILE, makeVault, passphrase, vaultOptions } from "../../../support/vault.ts";

const KEY = { collection: "w/p/e", name: "CANARY_NAME" };
const CANARY = "canary-value-81c2";

async function refused(work: () => Promise<unknown>, ...codes: ErrorCode[]): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(isAppError(error, ...codes), String(error));
    return true;
  });
}

const collectionFiles = async (folder: TempFolder): Promise<string[]> =>
  (await folder.names()).filter((name) => /^[0-9a-f]{32}\.vault$/.test(name));

Deno.test("P22 nothing readable of names, values, meta or collections is in any file of the vault, or in any file's name", async () => {
  for (const unlock of [KEY_FILE, passphrase("canary-passphrase")]) {
    await using folder = await TempFolder.make();
    using vault = await makeVault(folder.path, unlock);
    await vault.apply([put(KEY, CANARY, { domains: "canary.example" })]);
    for (const name of await folder.names()) {
      const text = new TextDecoder("latin1").decode(await Deno.readFile(folder.at(name)));
      assert.ok(!/canary|w\/p\/e/i.test(name + text), name);
      assert.equal((await Deno.stat(folder.at(name))).mode! & 0o777, 0o600, name);
    }
  }
});

Deno.test("the same contents are written as other bytes each time, all the same size within a step", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path);
  const seen = new Set<string>();
  const sizes = new Set<number>();
  for (const value of ["a", "a", "bb", "a longer value", "a"]) {
    await vault.apply([put(KEY, value)]);
    const bytes = await Deno.readFile(folder.at((await collectionFiles(folder))[0]!));
    seen.add(bytes.join());
    sizes.add(bytes.length);
  }
  assert.deepEqual([seen.size, sizes.size], [5, 1]);
});

Deno.test("the passphrase is asked for once, at the first access, and never by probe()", async () => {
  await using folder = await TempFolder.make();
  (await makeVault(folder.path, passphrase("right")))[Symbol.dispose]();
  let asked = 0;
  const ask = async (): Promise<Secret> => {
    asked++;
    return Secret.fromText("right");
  };
  using vault = new FileKeychain(vaultOptions(folder.path, { kind: "passphrase", passphrase: ask }));
  assert.deepEqual([await vault.probe(), asked], [{ state: "locked" }, 0]);
  await Promise.all([vault.list("a"), vault.list("b"), vault.get(KEY), vault.apply([put(KEY, "x")])]);
  assert.deepEqual([await vault.probe(), asked], [{ state: "ready" }, 1]);
});

Deno.test("a wrong passphrase is said, changes nothing, and the right one may follow", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path, passphrase("right"));
  await vault.apply([put(KEY, CANARY)]);
  let answer = "wrong";
  using other = new FileKeychain(
    vaultOptions(folder.path, { kind: "passphrase", passphrase: async () => Secret.fromText(answer) }),
  );
  await refused(() => other.get(KEY), "vault_passphrase_wrong");
  await refused(() => other.apply([put(KEY, "x")]), "vault_passphrase_wrong");
  answer = "";
  await refused(() => other.list("w/p/e"), "weak_password");
  answer = "right";
  assert.equal(plain(await other.get(KEY))?.text, CANARY);
});

Deno.test("a changed passphrase opens, the old one does not, and running processes go on", async () => {
  await using folder = await TempFolder.make();
  using running = await makeVault(folder.path, passphrase("old"));
  await running.apply([put(KEY, CANARY)]);
  const change = (current: string, next: string): Promise<void> => {
    const options = vaultOptions(folder.path);
    return changeVaultPassphrase(options, Secret.fromText(current), Secret.fromText(next), CHEAP);
  };
  await refused(() => change("wrong", "new"), "vault_passphrase_wrong");
  await refused(() => change("old", ""), "weak_password");
  await change("old", "new");
  using old = new FileKeychain(vaultOptions(folder.path, passphrase("old")));
  using fresh = new FileKeychain(vaultOptions(folder.path, passphrase("new")));
  await refused(() => old.get(KEY), "vault_passphrase_wrong");
  assert.equal(plain(await fresh.get(KEY))?.text, CANARY);
  await running.apply([put(KEY, "still here")]);
  assert.equal(plain(await fresh.get(KEY))?.text, "still here");
});

Deno.test("P22 P26 every flipped bit and every truncation of every file is refused, never read as empty", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path, KEY_FILE);
  await vault.apply([put(KEY, CANARY)]);
  for (const name of (await folder.names()).filter((n) => n !== "lock")) {
    const bytes = await Deno.readFile(folder.at(name));
    const damage: Uint8Array[] = [0, 1, 8, bytes.length - 1].map((length) => bytes.slice(0, length));
    damage.push(new Uint8Array([...bytes, 0]));
    for (let at = 0; at < bytes.length; at += name.endsWith(".key") ? 1 : 7) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << at % 8;
      damage.push(flipped);
    }
    for (const [i, wrong] of damage.entries()) {
      await Deno.writeFile(folder.at(name), wrong);
      using other = new FileKeychain(vaultOptions(folder.path));
      await refused(() => other.get(KEY), "vault_damaged", "unsupported_format");
      if (i < 6) {
        await refused(() => other.collections(), "vault_damaged", "unsupported_format");
        await refused(() => other.apply([put(KEY, "x")]), "vault_damaged", "unsupported_format");
      }
      assert.deepEqual(await Deno.readFile(folder.at(name)), wrong, "it is left as it is");
    }
    await Deno.writeFile(folder.at(name), bytes);
  }
  assert.equal(plain(await vault.get(KEY))?.text, CANARY);
});

Deno.test("P22 a file that takes another's place is refused: of this vault, of another, of another profile", async () => {
  await using folder = await TempFolder.make();
  await using elsewhere = await TempFolder.make();
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, "development"), put({ collection: "w/p/f", name: KEY.name }, "production")]);
  const [a, b] = await collectionFiles(folder);
  const kept = await Deno.readFile(folder.at(a!));
  await Deno.copyFile(folder.at(b!), folder.at(a!));
  await refused(() => vault.collections(), "vault_damaged");
  await Deno.writeFile(folder.at(a!), kept);

  using other = await makeVault(elsewhere.path);
  await other.apply([put(KEY, "other")]);
  await Deno.copyFile(elsewhere.at((await collectionFiles(elsewhere))[0]!), folder.at(a!));
  await refused(() => vault.collections(), "vault_damaged");
  await Deno.copyFile(elsewhere.at("vault.head"), folder.at("vault.head"));
  using mixed = new FileKeychain(vaultOptions(folder.path));
  await refused(() => mixed.get(KEY), "vault_damaged");

  using stranger = new FileKeychain({ ...vaultOptions(elsewhere.path), profile: "another" });
  await refused(() => stranger.get(KEY), "vault_damaged");
});

Deno.test("files of a newer version are named as such", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, CANARY)]);
  for (const name of (await folder.names()).filter((n) => n !== "lock")) {
    const bytes = await Deno.readFile(folder.at(name));
    const newer = bytes.slice();
    newer[bytes.indexOf(0x0a) - 1] = 0x32; // the line ends in version 1
    await Deno.writeFile(folder.at(name), newer);
    using other = new FileKeychain(vaultOptions(folder.path));
    await refused(() => other.get(KEY), "unsupported_format");
    await Deno.writeFile(folder.at(name), bytes);
  }
});

Deno.test("a changed head can neither weaken the derivation nor exhaust the memory", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path, passphrase("right"));
  await vault.apply([put(KEY, CANARY)]);
  const head = await Deno.readFile(folder.at("vault.head"));
  const line = head.subarray(0, head.indexOf(0x0a) + 1);
  const withCost = async (memoryKiB: number, passes: number, lanes: number): Promise<FileKeychain> => {
    const parameters = lengthPrefixed(
      utf8("passphrase"),
      u32be(memoryKiB),
      u32be(passes),
      u32be(lanes),
      new Uint8Array(16),
    );
    const envelope = head.subarray(-(72 + 64 + 16));
    await Deno.writeFile(folder.at("vault.head"), new Uint8Array([...line, ...lengthPrefixed(parameters, envelope)]));
    return new FileKeychain(vaultOptions(folder.path, passphrase("right")));
  };
  const outside: readonly [number, number, number][] = [
    [8, 3, 1],
    [19 * 1024 - 1, 3, 4],
    [512 * 1024 + 1, 3, 4],
    [0xffff_ffff, 3, 4],
    [65_536, 1, 4],
    [65_536, 0xffff_ffff, 4],
    [65_536, 3, 0],
    [65_536, 3, 0xffff],
  ];
  for (const cost of outside) {
    using other = await withCost(...cost);
    await refused(() => other.get(KEY), "vault_damaged");
  }
  using inside = await withCost(20 * 1024, 2, 1);
  await refused(() => inside.get(KEY), "vault_passphrase_wrong");
});

Deno.test("a key file that others may read, that is missing or is none is refused", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, CANARY)]);
  const path = folder.at("vault.key");
  for (const mode of [0o640, 0o604, 0o660, 0o644]) {
    await Deno.chmod(path, mode);
    using other = new FileKeychain(vaultOptions(folder.path));
    await refused(() => other.get(KEY), "vault_damaged");
  }
  await Deno.chmod(path, 0o600);
  const text = await Deno.readTextFile(path);
  for (const wrong of ["", "agentsecrets-vault-key 1\n", text.trimEnd(), text.replace("\n", "\r\n"), text + text]) {
    await Deno.writeTextFile(path, wrong);
    using other = new FileKeychain(vaultOptions(folder.path));
    await refused(() => other.get(KEY), "vault_damaged");
  }
  await Deno.remove(path);
  using other = new FileKeychain(vaultOptions(folder.path));
  await refused(() => other.get(KEY), "vault_damaged");
});

Deno.test("no vault is absent; a vault whose head is missing is damaged, and is not made anew", async () => {
  await using folder = await TempFolder.make();
  using none = new FileKeychain(vaultOptions(folder.at("none")));
  assert.equal((await none.probe()).state, "absent");
  await refused(() => none.get(KEY), "keychain_absent");
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, CANARY)]);
  await refused(() => createVault(vaultOptions(folder.path)), "file_exists");
  await Deno.remove(folder.at("vault.head"));
  using other = new FileKeychain(vaultOptions(folder.path));
  await refused(() => other.get(KEY), "vault_damaged");
  await refused(() => createVault(vaultOptions(folder.path)), "vault_damaged");
});

Deno.test("a vault is opened by what it was made with", async () => {
  await using folder = await TempFolder.make();
  (await makeVault(folder.path, KEY_FILE))[Symbol.dispose]();
  using other = new FileKeychain(vaultOptions(folder.path, passphrase("any")));
  await refused(() => other.get(KEY), "vault_damaged");
});

Deno.test("making a vault that died after the key file is finished by the next attempt", async () => {
  await using folder = await TempFolder.make();
  (await makeVault(folder.path))[Symbol.dispose]();
  await Deno.remove(folder.at("vault.head"));
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, CANARY)]);
  assert.equal(plain(await vault.get(KEY))?.text, CANARY);
});

Deno.test("a batch of one collection is applied whole or not at all", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path);
  await vault.apply([put(KEY, "before")]);
  const gone = Secret.fromText("x");
  gone.dispose();
  const batch = [put(KEY, "after"), { op: "put", key: { ...KEY, name: "B" }, meta: {}, value: gone }] as const;
  await assert.rejects(() => vault.apply(batch), TypeError);
  assert.equal(plain(await vault.get(KEY))?.text, "before");
});

Deno.test(
  "a full disk is disk_full and keeps what was there",
  onSmallDisk(128, async (disk) => {
    using vault = await makeVault(disk.at("vault"));
    await vault.apply([put(KEY, CANARY)]);
    await refused(() => vault.apply([put({ ...KEY, name: "BIG" }, "x".repeat(200_000))]), "disk_full");
    assert.equal(plain(await vault.get(KEY))?.text, CANARY);
    await disk.freeze();
    await refused(() => vault.apply([put(KEY, "x")]), "file_unwritable");
    assert.equal(plain(await vault.get(KEY))?.text, CANARY);
  }),
);

Deno.test("any sequence of changes leaves what the same sequence leaves in a plain map", async () => {
  await using folder = await TempFolder.make();
  using vault = await makeVault(folder.path);
  const change = fc.record({
    put: fc.boolean(),
    collection: fc.constantFrom("a", "b"),
    name: fc.constantFrom("X", "Y", "Z"),
    value: fc.uint8Array({ maxLength: 40 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 12 }), async (changes) => {
      const model = new Map<string, Uint8Array>();
      const clear = ["a", "b"].flatMap((collection) =>
        ["X", "Y", "Z"].map((name) => ({ op: "remove", key: { collection, name } } as const))
      );
      await vault.apply(clear);
      await vault.apply(changes.map(({ put: isPut, collection, name, value }) => {
        if (isPut) model.set(`${collection}/${name}`, value);
        else model.delete(`${collection}/${name}`);
        return isPut ? put({ collection, name }, value) : { op: "remove", key: { collection, name } } as const;
      }));
      for (const collection of ["a", "b"]) {
        const names = [...model.keys()].filter((key) => key.startsWith(collection)).map((key) => key.slice(2)).sort();
        assert.deepEqual((await vault.list(collection)).map(({ name }) => name), names);
        for (const item of await vault.getMany(collection, names)) {
          const expected = model.get(`${collection}/${item.name}`);
          assert.deepEqual(item.value.expose((bytes) => [...bytes]), [...expected ?? []]);
        }
      }
    }),
    { numRuns: 40 },
  );
  assert.deepEqual((await folder.names()).filter((name) => name.endsWith(".tmp")), []);
});
