import assert from "node:assert/strict";
import { DiskFiles } from "../../../../src/adapters/files/disk.ts";
import {
  changePassphrase,
  createKeychain,
  type KeychainSettings,
  openKeychain,
  probeSystemKeychain,
  type VaultConfig,
} from "../../../../src/adapters/keychain/open.ts";
import { systemRandom } from "../../../../src/adapters/random/system.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { Secret } from "../../../../src/kernel/secret.ts";
import { plain, put } from "../../../contract/keychain_suite.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

const KEY = { collection: "device", name: "session" };

function settings(folder: string, vault: VaultConfig, passphrase = "right"): KeychainSettings {
  const files = new DiskFiles(systemRandom, { now: () => Date.now() });
  const ask = async (): Promise<Secret> => Secret.fromText(passphrase);
  return { vault, profile: "p", folder, files, random: systemRandom, passphrase: ask };
}

Deno.test("the configuration chooses the keychain, and nothing is opened before it is used", async () => {
  await using folder = await TempFolder.make();
  const backends = [];
  for (const vault of [{ kind: "system" }, { kind: "file" }, { kind: "file", unlock: "key-file" }] as const) {
    backends.push((await openKeychain(settings(folder.at("vault"), vault))).backend);
  }
  assert.deepEqual(backends, ["Secret Service", "vault file", "vault file"]);
  assert.deepEqual(await folder.names(), []);
});

Deno.test("a vault file is made once, with a passphrase unless a key file is asked for", async () => {
  for (const vault of [{ kind: "file" }, { kind: "file", unlock: "key-file" }] as const) {
    await using folder = await TempFolder.make();
    const of = (passphrase?: string): KeychainSettings => settings(folder.at("vault"), vault, passphrase);
    await createKeychain(of());
    await (await openKeychain(of())).apply([put(KEY, "value")]);
    assert.equal(plain(await (await openKeychain(of())).get(KEY))?.text, "value");
    await assert.rejects(createKeychain(of()), (error) => isAppError(error, "file_exists"));
    const isKeyFile = "unlock" in vault;
    assert.equal((await folder.names("vault")).includes("vault.key"), isKeyFile);
    if (isKeyFile) continue;
    const wrong = await openKeychain(of("wrong"));
    await assert.rejects(wrong.get(KEY), (error) => isAppError(error, "vault_passphrase_wrong"));
    await changePassphrase(of(), Secret.fromText("right"), Secret.fromText("next"));
    assert.equal(plain(await (await openKeychain(of("next"))).get(KEY))?.text, "value");
  }
});

Deno.test("a system keychain needs no making, and asking for it never fails", async () => {
  await using folder = await TempFolder.make();
  await createKeychain(settings(folder.at("vault"), { kind: "system" }));
  assert.deepEqual(await folder.names(), []);
  assert.match((await probeSystemKeychain()).state, /^(ready|locked|absent)$/);
});
