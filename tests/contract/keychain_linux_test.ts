import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { KeyringSession, missingForKeyring } from "../support/keyring.ts";
import { KEYCHAIN_CASES } from "./keychain_suite.ts";

const child = fileURLToPath(new URL("keychain_linux_child.ts", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
const missing = await missingForKeyring();

Deno.test({
  name: `Secret Service (a real gnome-keyring)${missing ? ` SKIPPED: ${missing}` : ""}`,
  ignore: missing !== undefined,
  fn: async (test) => {
    await using session = await KeyringSession.startUnlocked();
    const { code, stdout, stderr } = await session.run(Deno.execPath(), ["run", "-A", "--config", config, child]);
    const results = stdout.trim().split("\n").map((line) => JSON.parse(line) as { name: string; error?: string });
    for (const { name, error } of results) await test.step(name, () => assert.equal(error, undefined));
    await test.step("every case ran, and the libraries had nothing to complain about", () => {
      assert.deepEqual(results.map(({ name }) => name), KEYCHAIN_CASES.map(({ name }) => name));
      assert.deepEqual([code, stderr], [0, ""]);
    });
  },
});
