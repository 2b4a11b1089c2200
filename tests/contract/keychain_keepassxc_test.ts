/** KeePassXC as the Secret Service: the same contract, but for what ends KeePassXC itself. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { missingForKeePassXc, startKeePassXc } from "../support/keepassxc.ts";
import { KeyringSession, missingForKeyring } from "../support/keyring.ts";
import { KEYCHAIN_CASES } from "./keychain_suite.ts";

const child = fileURLToPath(new URL("keychain_linux_child.ts", import.meta.url));
const config = fileURLToPath(new URL("../../deno.json", import.meta.url));
/** KeePassXC 2.7.4 ends with SIGSEGV when several programs replace one item at once. */
const LEFT_OUT = ["two adapters that replace the same item at once leave one whole value, and readers never see none"];
const missing = await missingForKeyring() ?? await missingForKeePassXc();

Deno.test({
  name: `Secret Service (a real KeePassXC)${missing ? ` SKIPPED: ${missing}` : ""}`,
  ignore: missing !== undefined,
  fn: async (test) => {
    await using session = await KeyringSession.start();
    await using _keepassxc = await startKeePassXc(session);
    const args = ["run", "-A", "--config", config, child, "20", ...LEFT_OUT];
    const { code, stdout, stderr } = await session.run(Deno.execPath(), args);
    const results = stdout.trim().split("\n").map((line) => JSON.parse(line) as { name: string; error?: string });
    for (const { name, error } of results) await test.step(name, () => assert.equal(error, undefined));
    await test.step("every case ran but those left out, and the libraries had nothing to complain about", () => {
      const names = KEYCHAIN_CASES.map(({ name }) => name);
      assert.deepEqual(results.map(({ name }) => name), names.filter((name) => !LEFT_OUT.includes(name)));
      assert.deepEqual([code, stderr], [0, ""]);
    });
  },
});
