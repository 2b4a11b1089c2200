/**
 * The whole command tree, walked: every command, argument and flag with what does not belong there. Each time it is a clear
 * refusal from the catalog (or, where the text is harmless, success), one JSON document, nothing that steers a terminal, no value,
 * and after a refusal the same state as before.
 *
 * In this process, with the real commands, use-cases, server and files; tests/cli/hostile_test.ts does less with the real program.
 */
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { FileAuditSink } from "../../src/adapters/audit_sink/file.ts";
import { PinnedUpstream } from "../../src/adapters/upstream/pinned.ts";
import type { AnyCommand } from "../../src/cli/command.ts";
import type { World as CliWorld } from "../../src/cli/context.ts";
import { runProgram } from "../../src/cli/program.ts";
import { leaves, wholeTree } from "../../src/cli/whole_tree.ts";
import { AppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import { setSecrets } from "../../src/usecases/secrets/set.ts";
import { lockPath } from "../../src/vault/places.ts";
import { TableDns } from "../support/engine.ts";
import { ScriptedTerminal } from "../support/terminal.ts";
import { initWorld, World } from "../support/world.ts";

const CANARY = "sk_live_Canary-of-the-tree-0123456789";

/** What is put where a name, a path, a number or an address belongs. */
const HOSTILE: Readonly<Record<string, string>> = {
  "nothing": "",
  "a blank": " ",
  "1 MiB": "x".repeat(1024 * 1024),
  "control characters": "a\x1b]0;pwned\x07\r\n\x9bb",
  "a text that runs backwards": "a\u202eb\u2066c",
  "NUL": "a\0b",
  "a path upwards": "../../../../etc/no-such-file",
  "an absolute path": "/proc/self/no-such-file",
  "a flag": "--no-such-flag",
  "a prototype": "__proto__",
  "a template": "$(id) %s%n ${HOME} '; DROP TABLE entry; --",
  "a huge number": "99999999999999999999",
  "half a character": "a\ud800",
};

/** What a well-formed line says in the other places. */
const PLAUSIBLE: Readonly<Record<string, string>> = {
  key: "KEY",
  keys: "KEY=another long value",
  environment: "staging",
  project: "my-app",
  workspace: "Personal",
  name: "another-name",
  entries: "api.example.com",
  file: "no-such.env",
  program: "true",
  shell: "bash",
};

/** Flags that a line needs so that the place under attack is looked at at all. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  "secrets copy": ["--from", "development", "--to", "staging"],
  "secrets rollback": ["--to", "1"],
  "call": ["--url", "https://api.example.com/", "--bearer", "KEY"],
  "project update": ["--description", "other"],
  "workspace update": ["--name", "Other"],
};

/** The world of the commands, with an account, a project and a secret. */
class Stage implements AsyncDisposable {
  readonly #sink: FileAuditSink;
  readonly #upstream = new PinnedUpstream();
  readonly #commands: CliWorld;

  private constructor(readonly world: World) {
    this.#sink = new FileAuditSink({ path: world.places.proxyLog, lockPath: lockPath(world.places, "audit") });
    this.#commands = Object.assign(world, {
      terminal: new ScriptedTerminal(),
      dns: new TableDns({}),
      processes: { pid: 4711, run: () => Promise.resolve(0), terminate: () => false },
      upstream: () => Promise.resolve(this.#upstream),
      auditSink: () => Promise.resolve(this.#sink),
      peers: { userOf: () => Promise.resolve("other" as const), isOpen: () => undefined },
      localProxy: { answers: () => Promise.resolve(false), forget: () => Promise.resolve(false) },
      background: {
        start: () => Promise.reject(new AppError("child_not_started", { program: "x", reason: "a test" })),
      },
      listen: () => Promise.reject(new AppError("port_in_use", { address: "127.0.0.1:8765" })),
      surroundings: {
        system: "linux",
        personFolder: world.base,
        variable: () => undefined,
        program: () => Promise.resolve({ command: "/usr/bin/agentsecrets", args: [], isLink: false }),
        modeOf: () => Promise.resolve(undefined),
      },
      serveMcp: () => Promise.resolve(),
      debug: false,
      listenBroker: () => Promise.reject(new AppError("file_unwritable", { path: "broker.sock", reason: "a test" })),
    });
  }

  static async make(): Promise<Stage> {
    const world = await World.make();
    await initWorld(world);
    await createProject(world, { name: "my-app" });
    using value = Secret.fromText(CANARY);
    await setSecrets(world, { folder: world.workingFolder, entries: [{ name: "KEY", value }] });
    return new Stage(world);
  }

  async run(args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
    const terminal = new ScriptedTerminal();
    const code = await runProgram(args, {
      terminal,
      signal: AbortSignal.timeout(60_000),
      interruptedExit: () => undefined,
      debug: false,
      makeWorld: () => Promise.resolve(Object.assign(this.#commands, { terminal })),
    });
    return { code, stdout: terminal.stdout, stderr: terminal.stderr };
  }

  /** Everything that a refused command must leave alone. */
  async state(): Promise<string> {
    const { places, workingFolder } = this.world;
    const parts: string[] = [];
    for (const path of [places.config, `${workingFolder}/.agentsecrets/project.json`]) {
      parts.push(await Deno.readTextFile(path).catch(() => "none"));
    }
    const names = await Array.fromAsync(Deno.readDir(workingFolder), ({ name }) => name);
    parts.push(names.sort().join());
    using database = new DatabaseSync(places.database, { readOnly: true });
    for (const table of ["entry", "chain", "version", "member"]) {
      parts.push(JSON.stringify(database.prepare(`SELECT count(*) FROM ${table}`).get()));
    }
    const keychain = await this.world.keychain();
    for (const collection of await keychain.collections()) {
      if (collection.includes("/")) parts.push(JSON.stringify(await keychain.list(collection)));
    }
    return parts.join("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#sink.close();
    await this.#upstream.close();
    await this.world[Symbol.asyncDispose]();
  }
}

/** Whether text holds control characters but line feeds, or ones that reorder what is shown. */
function steers(text: string): boolean {
  // deno-lint-ignore no-control-regex -- control characters are what is looked for
  return /[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/.test(text);
}

/** Checks how a line ended. */
function check(what: string, json: boolean, result: { code: number; stdout: string; stderr: string }): void {
  const { code, stdout, stderr } = result;
  const shown = `${what}: ${code} ${JSON.stringify(stdout.slice(0, 600))} ${JSON.stringify(stderr.slice(0, 600))}`;
  assert.ok(code >= 0 && code <= 9, shown);
  assert.equal(/because of a bug|\[object |undefined| {4}at /.test(stdout + stderr), false, shown);
  assert.equal(steers(stdout + stderr), false, shown);
  assert.equal((stdout + stderr).includes(CANARY), false, what);
  if (code === 0) return;
  assert.ok(stderr.length < 3000 && stdout.length < 6000, shown);
  const error: unknown = json ? JSON.parse(stdout).error : undefined;
  // `call` has the envelope of its own that existing clients read, and says nothing beside it.
  if (typeof error === "string") return assert.match(error, /^[a-z_]+: /);
  assert.match(stderr, /✗ \S/, shown);
  if (!json) return;
  const { code: name, message, exit } = error as Record<string, unknown>;
  assert.deepEqual([typeof name, typeof message, exit], ["string", "string", code], shown);
}

/** A well-formed line of a command, with `hostile` at one argument. */
function lineOf(command: AnyCommand, words: readonly string[], at = -1, hostile = ""): string[] {
  const args = command.registeredArguments.map((argument, i) =>
    i === at ? hostile : PLAUSIBLE[argument.name()] ?? "KEY"
  );
  const yes = command.options.some(({ long }) => long === "--yes") ? ["--yes"] : [];
  return [...words, ...yes, ...(NEEDED[words.join(" ")] ?? []), ...(args.length > 0 ? ["--", ...args] : [])];
}

/** A well-formed line with `flag` (or `flag=value`), which is not given twice. */
function withFlag(command: AnyCommand, words: readonly string[], flag: string): string[] {
  const line = lineOf(command, words);
  const at = line.indexOf(flag.split("=", 1)[0]!);
  if (at >= 0) line.splice(at, 2);
  return [...words, flag, ...line.slice(words.length)];
}

async function commands(): Promise<{ words: readonly string[]; command: AnyCommand }[]> {
  const { tree } = await wholeTree();
  return leaves().map(({ words }) => {
    let command = tree;
    for (const word of words) command = command.commands.find((c) => c.name() === word) as AnyCommand;
    return { words, command };
  });
}

Deno.test("every command refuses an unknown flag, a missing or surplus argument and a flag without its value with exit 2", async () => {
  const noWorld = (): Promise<never> => Promise.reject(new Error("the command began"));
  for (const { words, command } of await commands()) {
    const required = command.registeredArguments.filter((argument) => argument.required).length;
    const variadic = command.registeredArguments.some((argument) => argument.variadic);
    const lines = [withFlag(command, words, "--no-such-flag"), withFlag(command, words, "-Z")];
    if (required > 0) lines.push([...words], [...words, "--"]);
    if (!variadic) {
      lines.push([...lineOf(command, words), ...(required > 0 ? [] : ["--"]), "one", "too many", "--json"]);
    }
    for (const option of command.options) {
      if (option.required) lines.push([...words, option.long!]);
      else lines.push(withFlag(command, words, `${option.long}=surplus`));
    }
    for (const line of lines) {
      for (const json of [false, true]) {
        const terminal = new ScriptedTerminal();
        const host = { terminal, interruptedExit: () => undefined, debug: false, makeWorld: noWorld };
        const code = await runProgram(json ? ["--json", ...line] : line, {
          ...host,
          signal: new AbortController().signal,
        });
        assert.equal(code, 2, `${line.join(" ")}: ${terminal.stderr}`);
        check(line.join(" "), json, { code, stdout: terminal.stdout, stderr: terminal.stderr });
      }
    }
  }
});

Deno.test("every argument and every flag of every command takes hostile text without harm", async () => {
  await using stage = await Stage.make();
  let before = await stage.state();
  for (const { words, command } of await commands()) {
    for (const [name, hostile] of Object.entries(HOSTILE)) {
      const lines = command.registeredArguments.map((_, at) => lineOf(command, words, at, hostile));
      for (const option of command.options) {
        if (option.required) lines.push(withFlag(command, words, `${option.long}=${hostile}`));
      }
      for (const [i, line] of lines.entries()) {
        const json = i % 2 === 0;
        const result = await stage.run(json ? ["--json", ...line] : line);
        const what = `${line.join(" ").slice(0, 120)} (${name})`;
        check(what, json, result);
        const after = await stage.state();
        if (result.code !== 0) assert.equal(after, before, `${what} was refused and changed something`);
        before = after;
      }
    }
  }
});
