/** The program before any command: version, help, mistakes. */
import assert from "node:assert/strict";
import type { Host } from "../../src/cli/context.ts";
import { runProgram } from "../../src/cli/program.ts";
import { leaves, wholeTree } from "../../src/cli/whole_tree.ts";
import { AppError } from "../../src/kernel/error.ts";
import { Sandbox, sandboxWithProject } from "../support/cli.ts";
import { ScriptedTerminal } from "../support/terminal.ts";

Deno.test("--version prints the version alone, and leaves no trace", async () => {
  await using sandbox = await Sandbox.make();
  const result = await sandbox.run(["--version"]);
  assert.match(result.stdout, /^\d+\.\d+\.\d+\n$/);
  assert.deepEqual([result.code, result.stderr], [0, ""]);
  for await (const [path] of sandbox.files()) assert.fail(`left ${path}`);
});

Deno.test("without arguments, with --help and with help the same help comes on stdout", async () => {
  await using sandbox = await Sandbox.make();
  const [bare, flag, word] = [await sandbox.run([]), await sandbox.run(["--help"]), await sandbox.run(["help"])];
  assert.deepEqual([bare.code, flag.code, word.code], [0, 0, 0]);
  assert.equal(bare.stdout, flag.stdout);
  assert.equal(bare.stdout, word.stdout);
  assert.match(bare.stdout, /^Usage: agentsecrets <command> \[flags\]/);
});

Deno.test("help behind a group's name is that group's help", async () => {
  await using sandbox = await Sandbox.make();
  const [word, flag] = [await sandbox.run(["secrets", "help"]), await sandbox.run(["secrets", "--help"])];
  assert.deepEqual([word.code, word.stderr, word.stdout], [0, "", flag.stdout]);
  assert.equal((await sandbox.run(["workspace", "allowlist", "help", "add"])).code, 0);
});

Deno.test("help speaks of flags, and wraps them between words on a narrow terminal", async () => {
  const terminal = new ScriptedTerminal({ columns: 60 });
  await runProgram(["call", "--help"], hostOf(terminal));
  assert.match(terminal.stdout, /^Usage: agentsecrets call \[flags\]\n/);
  assert.match(terminal.stdout, /\nFlags:\n/);
  const flags = terminal.stdout.split("Flags:")[1]!.split("Examples:")[0]!;
  assert.deepEqual(flags.split("\n").filter((line) => line.length > 60), []);
});

Deno.test("every command's help shows its usage, --output and examples, without colour when piped", async () => {
  for (const { words } of leaves()) {
    const terminal = new ScriptedTerminal();
    const code = await runProgram([...words, "--help"], hostOf(terminal));
    assert.deepEqual([code, terminal.stderr], [0, ""], words.join(" "));
    assert.match(terminal.stdout, new RegExp(`^Usage: agentsecrets ${words.join(" ")} `));
    for (const part of ["--output <format>", "--json", "Examples:"]) {
      assert.ok(terminal.stdout.includes(part), `${words.join(" ")}: ${part}`);
    }
    assert.equal(terminal.stdout.includes("\x1b"), false);
  }
});

Deno.test("every example of the help is a line that the program takes", async () => {
  const { loaded } = await wholeTree();
  for (const { words, leaf } of leaves()) {
    const { examples } = loaded.get(leaf)!;
    assert.ok(examples.length > 0, `${words.join(" ")} has no example`);
    for (const { line } of examples) {
      const ours = /(?:^|[|(] ?)agentsecrets ([^|<>)]*)/.exec(line.replace(/ \d?[<>].*$/, ""));
      if (ours === null) continue;
      // The shell's words, quotes taken off; what follows -- belongs to another program.
      const args = [...ours[1]!.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)].map((m) => m[1] ?? m[2] ?? m[3]!);
      const terminal = new ScriptedTerminal();
      const code = await runProgram(args, hostOf(terminal));
      // Parsed, then stopped at the missing world or at an answer that nobody gave.
      assert.ok(code === 1 || code === 2 || args[0] === "completions", line);
      assert.equal(/unknown (flag|command)|too many arguments|missing required/.test(terminal.stderr), false, line);
    }
  }
});

/** A host whose commands stop as soon as they were parsed. */
function hostOf(terminal: ScriptedTerminal): Host {
  return {
    terminal,
    signal: new AbortController().signal,
    interruptedExit: () => undefined,
    debug: false,
    makeWorld: () => Promise.reject(new AppError("cancelled")),
  };
}

const mistakes: readonly (readonly [claim: string, args: readonly string[], says: RegExp])[] = [
  [
    "an unknown command",
    ["secretz", "list"],
    /unknown command 'secretz' for agentsecrets\n.*Did you mean agentsecrets secrets\?/,
  ],
  ["the beginning of a command", ["sec"], /unknown command 'sec'.*\n.*Did you mean agentsecrets secrets\?/],
  [
    "an unknown command below another",
    ["secrets", "lst"],
    /unknown command 'lst' for agentsecrets secrets\n.*secrets list\?/,
  ],
  [
    "an unknown flag",
    ["secrets", "list", "--jsn"],
    /unknown flag '--jsn' for agentsecrets secrets list\n.*Did you mean --json\?/,
  ],
  ["an unknown flag of the program", ["--frobnicate", "status"], /unknown flag '--frobnicate'/],
  ["a group without a command", ["secrets"], /Usage: agentsecrets secrets[\s\S]*needs one of the commands/],
  ["a missing argument", ["secrets", "get"], /missing required argument 'key'\n.*→ agentsecrets secrets get --help/],
  [
    "an argument too many",
    ["call", "https://api.example.com/"],
    /agentsecrets call: too many arguments: it takes no argument beside its flags, not 1\n.*→ agentsecrets call --help/,
  ],
  ["a second argument", ["completions", "bash", "zsh"], /it takes one argument beside its flags, not 2/],
  ["a flag without its value", ["status", "--output"], /option '--output <format>' argument missing/],
  ["a wrong format", ["status", "--output", "yaml"], /--output: it takes text or json/],
  [
    "a wrong number",
    ["proxy", "start", "--port", "eighty"],
    /--port: it takes a whole number.*\n.*→ agentsecrets proxy start --help/,
  ],
  ["a port that is none", ["proxy", "start", "--port", "65536"], /--port: it takes a whole number/],
];

for (const [claim, args, says] of mistakes) {
  Deno.test(`${claim} is exit number 2 and says what to type`, async () => {
    await using sandbox = await Sandbox.make();
    const result = await sandbox.run(args);
    assert.deepEqual([result.code, result.stdout], [2, ""]);
    assert.match(result.stderr, says);
  });
}

Deno.test("a mistake with --json is one JSON document on stdout, and still words on stderr", async () => {
  await using sandbox = await Sandbox.make();
  const { code, stdout, stderr } = await sandbox.run(["secrets", "list", "--nope", "--output", "json"]);
  assert.equal(code, 2);
  assert.match(stderr, /unknown flag/);
  assert.deepEqual(JSON.parse(stdout), {
    error: {
      code: "unknown_flag",
      message: "Cannot run this: unknown flag '--nope' for agentsecrets secrets list",
      hint: "agentsecrets secrets list --help",
      exit: 2,
      flag: "--nope",
      near: "",
      within: "agentsecrets secrets list",
    },
  });
});

Deno.test("two formats at once are refused", async () => {
  await using sandbox = await Sandbox.make();
  await sandbox.fails("usage", 2, ["status", "--output", "text"]);
});

Deno.test("P1 a misplaced value is never quoted back", async () => {
  await using sandbox = await sandboxWithProject();
  const canary = "sk_live_Canary0123456789";
  const lines: readonly (readonly string[])[] = [
    [canary],
    [`KEY=${canary}`],
    ["secrets", canary],
    ["secrets", "get", "KEY", canary],
    ["secrets", "get", `KEY=${canary}`],
    ["secrets", "history", `KEY=a\n${canary}`],
    ["call", "--url", "https://api.example.com", "--bearer", `KEY=${canary}`],
    ["env", "--only", `KEY=${canary}`, "--", "true"],
    ["secrets", "list", `--value=${canary}`],
    ["secrets", "list", `-${canary}`],
    ["secrets", "set", "KEY", `--${canary}`],
    ["secrets", "set", `=${canary}`],
    ["secrets", "set", `bad-name=${canary}`],
    ["secrets", "set", `KEY=${canary}`, `KEY=${canary}`],
    ["status", "--output", canary],
    ["call", "--url", "https://api.example.com", "--bearer", "KEY", "--header", canary],
    ["call", "--url", "https://api.example.com", "--bearer", "KEY", "--timeout", canary],
    ["init", "--vault", canary],
    ["completions", canary],
  ];
  for (const line of lines) {
    for (const format of [[], ["--json"]]) {
      const { code, stdout, stderr } = await sandbox.run([...format, ...line]);
      assert.notEqual(code, 0, line.join(" "));
      assert.equal(`${stdout}${stderr}`.includes(canary), false, `${line.join(" ")}: ${stdout}${stderr}`);
    }
  }
});

Deno.test("before init every command that needs an account says so with exit number 3", async () => {
  await using sandbox = await Sandbox.make();
  for (const line of [["workspace", "list"], ["project", "list"], ["secrets", "list"], ["secrets", "diff"]]) {
    await sandbox.fails("not_initialised", 3, line);
  }
});

Deno.test("with AGENTSECRETS_DEBUG=1 a failure shows classes, codes and places, and no text that the platform made", async () => {
  await using sandbox = await Sandbox.make();
  const { stderr } = await sandbox.run(["secrets", "list"], { env: { AGENTSECRETS_DEBUG: "1" } });
  assert.match(stderr, /AppError not_initialised\n\s+at /);
});

Deno.test("completions are static scripts that know every command", async () => {
  await using sandbox = await Sandbox.make();
  for (const shell of ["bash", "zsh", "fish", "powershell"]) {
    const script = await sandbox.ok(["completions", shell]);
    for (const word of ["allowlist", "--from-file", "rollback"]) {
      assert.ok(script.includes(shell === "fish" ? word.replace(/^--/, "") : word), `${shell}: ${word}`);
    }
    assert.equal(/\beval\b/.test(script), false, `${shell} evaluates what was typed`);
  }
  assert.deepEqual(Object.keys(await sandbox.json(["completions", "bash"])), ["shell", "script"]);
});

Deno.test("the bash script completes commands, commands below them and flags", async () => {
  await using sandbox = await Sandbox.make();
  await Deno.writeTextFile(`${sandbox.base}/c.bash`, await sandbox.ok(["completions", "bash"]));
  const complete = async (...words: readonly string[]): Promise<string> => {
    const list = words.map((word) => `'${word}'`).join(" ");
    const script = `source ${sandbox.base}/c.bash; COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; ` +
      `_agentsecrets; echo "\${COMPREPLY[@]}"`;
    const { stdout } = await new Deno.Command("bash", { args: ["--norc", "-c", script] }).output();
    return new TextDecoder().decode(stdout).trim();
  };
  assert.equal(await complete("agentsecrets", "sec"), "secrets");
  assert.equal(await complete("agentsecrets", "workspace", "allowlist", "a"), "add");
  assert.equal(await complete("agentsecrets", "secrets", "pull", "--fo"), "--force");
  assert.equal(await complete("agentsecrets", "env", "--", "np"), "");
  assert.equal(await complete("agentsecrets", "secrets", "set", `KEY=$(touch ${sandbox.base}/run)`, "--st"), "--stdin");
  await assert.rejects(Deno.stat(`${sandbox.base}/run`), Deno.errors.NotFound);
});
