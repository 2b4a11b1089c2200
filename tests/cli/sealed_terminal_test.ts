/** Sealed mode at a real terminal: a person types the password, mistypes it, thinks better of it, locks and unlocks. */
import assert from "node:assert/strict";
import { CanarySearch } from "../support/canary.ts";
import { PASSWORD, program, type Sandbox } from "../support/cli.ts";
import { hasPty, Pty } from "../support/pty.ts";
import { SEALED_CANARY, sealedSandbox } from "../support/sealed_sandbox.ts";

const ignore = !await hasPty();
/** The question, and what is sent once the terminal does not echo any more. */
const QUESTION = "Password (it opens the sealed vault): \x1b[?2004h";
const START = ["proxy", "start", "--port", "0"];

/** Neither what was typed nor a value is on the screen or in what the proxy wrote. */
async function nothingShown(sandbox: Sandbox, ...terminals: readonly Pty[]): Promise<void> {
  const search = new CanarySearch({ password: PASSWORD, value: SEALED_CANARY });
  for (const { screen } of terminals) search.text("the screen", screen);
  await search.folder(sandbox.home);
  assert.deepEqual(search.found, []);
}

Deno.test({ name: "P44 a person types the password once, the proxy serves, and Ctrl-C ends it", ignore }, async () => {
  await using sandbox = await sealedSandbox();
  const wrong = new Pty(sandbox, START);
  await wrong.answer(QUESTION, "not the password");
  assert.equal(await wrong.end(), 6, wrong.screen);
  assert.match(wrong.screen, /the password is wrong/);
  assert.equal(wrong.screen.includes("not the password"), false, wrong.screen);

  const right = new Pty(sandbox, START);
  await right.answer(QUESTION, PASSWORD);
  await right.expect("The proxy listens on");
  assert.match(await sandbox.ok(["secrets", "list"]), /KEY/);
  await right.type("\x03");
  await right.expect("The proxy has ended");
  assert.equal(await right.end(), 0, right.screen);
  await sandbox.fails("broker_needed", 9, ["secrets", "list"]);
  await nothingShown(sandbox, wrong, right);
});

Deno.test({ name: "Ctrl-C at the password leaves the terminal as it was, and no proxy", ignore }, async () => {
  await using sandbox = await sealedSandbox();
  const words = (args: readonly string[]): string => [...program(), ...args].map((word) => `'${word}'`).join(" ");
  const script = `stty -a > before; ${words(START)}; echo "exit=$?"; stty -a > between; ` +
    `${words([...START, "--detach"])}; echo "exit=$?"; stty -a > after`;
  const pty = new Pty(sandbox, ["sh", "-c", script], {}, []);
  for (const _ of ["in the foreground", "in the background"]) {
    await pty.expect(QUESTION);
    await pty.type("half\x03");
    await pty.expect("exit=130");
  }
  assert.equal(await pty.end(), 0, pty.screen);
  const [before, between, after] = await Promise.all(
    ["before", "between", "after"].map((name) => Deno.readTextFile(`${sandbox.folder}/${name}`)),
  );
  assert.match(before!, / echo[ ;]/);
  assert.deepEqual([between, after], [before, before]);
  assert.equal(pty.screen.includes("half"), false, pty.screen);
  assert.match(await sandbox.ok(["proxy", "status"]), /not running/);
});

Deno.test(
  { name: "P44 P62 in the background: typed, locked, typed again, and the terminal may go away", ignore },
  async () => {
    await using sandbox = await sealedSandbox();
    const detached = [...START, "--detach"];
    const first = new Pty(sandbox, detached);
    await first.answer(QUESTION, PASSWORD);
    assert.equal(await first.end(), 0, first.screen);
    try {
      // The terminal it was typed at is gone by now.
      assert.match(await sandbox.ok(["secrets", "list"]), /KEY/);
      const again = new Pty(sandbox, detached);
      assert.equal(await again.end(), 1, again.screen);
      assert.match(again.screen, /running on 127\.0\.0\.1/);
      await sandbox.ok(["proxy", "lock"]);
      await sandbox.fails("vault_sealed", 9, ["secrets", "list"]);
      const { pid } = await sandbox.json(["proxy", "status"]);

      const wrong = new Pty(sandbox, detached);
      await wrong.answer(QUESTION, "not the password");
      assert.equal(await wrong.end(), 1, wrong.screen);
      assert.match(wrong.screen, /Cannot start the proxy in the background: .*the password is wrong/);
      const second = new Pty(sandbox, detached);
      await second.answer(QUESTION, PASSWORD);
      assert.equal(await second.end(), 0, second.screen);
      assert.match(await sandbox.ok(["secrets", "list"]), /KEY/);
      assert.notEqual((await sandbox.json(["proxy", "status"]))["pid"], pid);
      await nothingShown(sandbox, first, again, wrong, second);
    } finally {
      await sandbox.run(["proxy", "stop"]);
    }
  },
);
