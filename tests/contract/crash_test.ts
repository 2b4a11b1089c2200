/** SIGKILL at any moment of a write: what was acknowledged is there, and whole. */
import assert from "node:assert/strict";
import { FileKeychain } from "../../src/adapters/keychain/file.ts";
import { KeyringSession, missingForKeyring } from "../support/keyring.ts";
import { TempFolder } from "../support/temp_folder.ts";
import { makeVault, vaultOptions } from "../support/vault.ts";
import { content, crash, PAIR } from "./crash.ts";
import { plain } from "./keychain_suite.ts";
import { RemoteKeychain } from "./secret_service_remote.ts";

const ROUNDS = 15;
const missing = await missingForKeyring();

Deno.test("P25 kill −9 loop on files: the file is that of the last acknowledged write, or of the next one, never half", async () => {
  await using folder = await TempFolder.make();
  let last = -1;
  for (let round = 0; round < ROUNDS; round++) {
    last = await crash(["files", folder.path], last + 1, 1 + round * 3);
    const found = await Deno.readFile(folder.at("a"));
    const step = Number(new TextDecoder().decode(found.subarray(0, 9)));
    assert.ok(step === last || step === last + 1, `found ${step}, acknowledged ${last}`);
    assert.deepEqual(found, content(step));
    last = step;
  }
});

Deno.test("P25 kill −9 loop on the vault file: it opens, and both items are of one step, the last acknowledged or the next", async () => {
  await using folder = await TempFolder.make();
  (await makeVault(folder.path))[Symbol.dispose]();
  let last = -1;
  for (let round = 0; round < ROUNDS; round++) {
    last = await crash(["vault", folder.path], last + 1, 1 + round * 2);
    using vault = new FileKeychain(vaultOptions(folder.path));
    const [a, b] = (await vault.getMany("w/p/e", ["A", "B"])).map(plain);
    assert.deepEqual(a, b);
    const step = Number(a?.meta.step);
    assert.ok(step === last || step === last + 1, `found ${step}, acknowledged ${last}`);
    assert.equal(a?.text, `value ${step}`);
    last = step;
  }
});

Deno.test({
  name: `kill −9 loop on the Secret Service: each item is whole and of the last acknowledged step or the next${
    missing ? ` SKIPPED: ${missing}` : ""
  }`,
  ignore: missing !== undefined,
  fn: async () => {
    await using session = await KeyringSession.startUnlocked();
    await using reader = new RemoteKeychain(session.env, { profile: "crash" });
    let last = -1;
    for (let round = 0; round < ROUNDS; round++) {
      last = await crash(["service", ""], last + 1, 1 + round, session.env);
      const entries = (await reader.ask("list", { collection: "w/p/e" })).result as { name: string }[];
      assert.deepEqual(entries.map(({ name }) => name), PAIR.map(({ name }) => name));
      const items = (await reader.ask("getMany", { collection: "w/p/e" })).result as ReturnType<typeof plain>[];
      for (const item of items) {
        const step = Number(item?.meta.step);
        assert.ok(step === last || step === last + 1, `found ${step}, acknowledged ${last}`);
        assert.equal(item?.text, `value ${step}`);
      }
      last++;
    }
  },
});
