/** What only a person at a terminal sees: prompts, the Emergency Kit, values, colours. */
import assert from "node:assert/strict";
import { PASSWORD, Sandbox, sandboxWithProject } from "../support/cli.ts";
import { hasPty, Pty } from "../support/pty.ts";

// Where no terminal can be made (no util-linux), these are reported as ignored, by name.
const ignore = !await hasPty();
const CANARY = "typed-Canary-0123456789";
/** Sent by askHidden once the terminal does not echo any more. */
const HIDDEN = "\x1b[?2004h";

Deno.test({
  name: "on a terminal init asks for everything and shows the Emergency Kit there, once",
  ignore,
  fn: async () => {
    await using sandbox = await Sandbox.make();
    const pty = new Pty(sandbox, ["init"]);
    await pty.answer("E-mail", "you@example.com");
    await pty.expect("2. With a key file");
    await pty.type("2\r");
    await pty.answer(`Choose a password: ${HIDDEN}`, PASSWORD);
    await pty.answer(`The same again: ${HIDDEN}`, PASSWORD);
    assert.equal(await pty.end(), 0, pty.screen);
    assert.match(pty.screen, /AS1-[0-9A-Z-]+[\s\S]*ASR1-[0-9A-Z-]+/);
    assert.match(pty.screen, /Print the Emergency Kit above/);
    assert.equal(pty.screen.includes(PASSWORD), false);
    const kit = /ASR1-[0-9A-Z-]+/.exec(pty.screen)![0];
    for await (const [path, bytes] of sandbox.files()) {
      assert.equal(new TextDecoder("latin1").decode(bytes).includes(kit), false, path);
    }
  },
});

Deno.test({
  name: "P16 a value is typed unseen and shown to a person with the password only",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    const set = new Pty(sandbox, ["secrets", "set", "KEY"]);
    await set.answer(`Value of KEY: ${HIDDEN}`, `wrong\x15${CANARY}x\x7f`);
    assert.equal(await set.end(), 0, set.screen);
    assert.equal(set.screen.includes("Canary"), false, set.screen);
    assert.ok(set.screen.includes("\x1b[32m✓"), "no colour on a terminal");

    const wrong = new Pty(sandbox, ["secrets", "get", "KEY"]);
    await wrong.answer(`Password: ${HIDDEN}`, "not the password");
    assert.equal(await wrong.end(), 7, wrong.screen);
    assert.equal(wrong.screen.includes(CANARY), false);

    const get = new Pty(sandbox, ["secrets", "get", "KEY"]);
    await get.answer(`Password: ${HIDDEN}`, PASSWORD);
    assert.equal(await get.end(), 0, get.screen);
    assert.ok(get.screen.includes(`${CANARY}\r\n`));
    assert.equal(get.screen.includes(PASSWORD), false);
  },
});

Deno.test({
  name: "a value is asked for only where there is a project to keep it in, and an empty answer is said to be one",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    const nowhere = new Pty(sandbox, ["secrets", "set", "KEY", "--env", "nowhere"]);
    assert.equal(await nowhere.end(), 3, nowhere.screen);
    assert.doesNotMatch(nowhere.screen, /Value of/);
    assert.match(nowhere.screen, /Cannot find the environment 'nowhere'/);
    const empty = new Pty(sandbox, ["secrets", "set", "KEY"]);
    await empty.answer(`Value of KEY: ${HIDDEN}`, "");
    assert.equal(await empty.end(), 0, empty.screen);
    assert.match(empty.screen, /Nothing was typed: KEY is empty from now on/);
  },
});

Deno.test({
  name: "Ctrl-C at a prompt gives the terminal back, changes nothing, and is exit number 130",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    const pty = new Pty(sandbox, ["secrets", "set", "KEY"]);
    await pty.expect(`Value of KEY: ${HIDDEN}`);
    await pty.type("half\x03");
    assert.equal(await pty.end(), 130, pty.screen);
    assert.ok(pty.screen.indexOf("\x1b[?2004l") < pty.screen.indexOf("Cancelled"), pty.screen);
    assert.equal(await sandbox.ok(["secrets", "list"]), "");
  },
});

Deno.test({
  name: "a no at a confirmation is exit number 1 and changes nothing; a yes does it",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    const no = new Pty(sandbox, ["project", "delete", "my-app"]);
    await no.answer("for everyone? [y/N]", "");
    assert.equal(await no.end(), 1, no.screen);
    assert.match(await sandbox.ok(["project", "list"]), /my-app/);
    const yes = new Pty(sandbox, ["project", "delete", "my-app"]);
    await yes.answer("for everyone? [y/N]", "yes");
    assert.equal(await yes.end(), 0, yes.screen);
  },
});

Deno.test({
  name: "NO_COLOR, --no-color and TERM=dumb give plain text on a terminal",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    const runs: readonly (readonly [readonly string[], Record<string, string>])[] = [
      [["status"], { NO_COLOR: "1" }],
      [["status", "--no-color"], {}],
      [["--no-color", "status"], {}],
      [["status"], { TERM: "dumb" }],
    ];
    for (const [args, env] of runs) {
      const pty = new Pty(sandbox, args, env);
      assert.equal(await pty.end(), 0, pty.screen);
      assert.equal(pty.screen.includes("\x1b["), false, args.join(" "));
    }
    const colored = new Pty(sandbox, ["status"]);
    await colored.end();
    assert.ok(colored.screen.includes("\x1b["));
  },
});

Deno.test({
  name: "a value that holds escape sequences cannot steer the terminal of who looks at it",
  ignore,
  fn: async () => {
    await using sandbox = await sandboxWithProject();
    await sandbox.ok(["secrets", "set", "KEY", "--stdin"], { stdin: "before\x1b]0;title\x07after" });
    const get = new Pty(sandbox, ["secrets", "get", "KEY"]);
    await get.answer(`Password: ${HIDDEN}`, PASSWORD);
    assert.equal(await get.end(), 0);
    assert.ok(get.screen.includes("before\\x1b]0;title\\x07after"), JSON.stringify(get.screen));
  },
});
