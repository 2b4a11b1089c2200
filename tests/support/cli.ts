/**
 * The real program as a child process, in a home and a project folder of its own, without a keychain daemon and without a
 * terminal: what an agent or a script sees.
 */
import assert from "node:assert/strict";
import { type Ended, runToEnd } from "./child.ts";

const root = new URL("../../", import.meta.url);

/**
 * Half a second after its start the runtime asks for its newest version: on a slow machine before the program has put aside the proxy
 * that a test names. The compiled program has no such thing, and the launcher that install.sh writes turns it off too.
 */
export const QUIET_RUNTIME = { DENO_NO_UPDATE_CHECK: "1" };

/** What the program is run with. */
export interface CliOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Default: the sandbox's project folder. */
  readonly cwd?: string;
  /** Texts that become files, opened on descriptors 3, 4, … */
  readonly descriptors?: readonly string[];
}

/** The program and its leading arguments. AGENTSECRETS_TEST_PROGRAM names another one, such as a compiled binary. */
export function program(): readonly string[] {
  const other = Deno.env.get("AGENTSECRETS_TEST_PROGRAM");
  if (other !== undefined && other !== "") return [other];
  const config = new URL("deno.json", root).pathname;
  return [
    Deno.execPath(),
    "run",
    // With an empty cache the runtime would ask the registry, through whatever proxy a test names.
    "--cached-only",
    "--quiet",
    "--allow-all",
    "--no-prompt",
    "--config",
    config,
    new URL("main.ts", root).pathname,
  ];
}

/** A home, a project folder, and nothing of the person who runs the tests. */
export class Sandbox implements AsyncDisposable {
  readonly base: string;
  readonly home: string;
  readonly folder: string;

  private constructor(base: string) {
    this.base = base;
    this.home = `${base}/home/.agentsecrets`;
    this.folder = `${base}/my-app`;
  }

  static async make(): Promise<Sandbox> {
    const sandbox = new Sandbox(await Deno.makeTempDir({ prefix: "agentsecrets-cli-" }));
    await Deno.mkdir(`${sandbox.base}/home`);
    await Deno.mkdir(sandbox.folder);
    return sandbox;
  }

  /** Another sandbox with the same files. */
  async copy(): Promise<Sandbox> {
    const copy = new Sandbox(await Deno.makeTempDir({ prefix: "agentsecrets-cli-" }));
    await new Deno.Command("cp", { args: ["-a", `${this.base}/.`, copy.base] }).output();
    return copy;
  }

  /** The environment of a bare machine: no D-Bus, no colours asked for, no proxy. */
  get env(): Record<string, string> {
    return {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: `${this.base}/home`,
      AGENTSECRETS_HOME: this.home,
      // Deno's own cache: without it a child would fetch the packages anew.
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      ...QUIET_RUNTIME,
      TMPDIR: this.base,
    };
  }

  /** Runs the program to its end. */
  async run(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
    const [command, commandArgs] = await this.#withDescriptors([...program(), ...args], options.descriptors ?? []);
    const place = {
      args: commandArgs,
      cwd: options.cwd ?? this.folder,
      clearEnv: true,
      env: { ...this.env, ...options.env },
    };
    return await runToEnd(command, place, options.stdin);
  }

  /** Starts the program and leaves it running; stdout and stderr are piped, stdin is empty. */
  start(args: readonly string[], options: Pick<CliOptions, "env" | "cwd"> = {}): Deno.ChildProcess {
    const [command, ...leading] = program();
    return new Deno.Command(command!, {
      args: [...leading, ...args],
      cwd: options.cwd ?? this.folder,
      clearEnv: true,
      env: { ...this.env, ...options.env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the program and expects it to succeed. */
  async ok(args: readonly string[], options: CliOptions = {}): Promise<string> {
    const result = await this.run(args, options);
    assert.equal(result.code, 0, `agentsecrets ${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Runs the program with `--json` and expects it to succeed. */
  async json(args: readonly string[], options: CliOptions = {}): Promise<Record<string, unknown>> {
    return JSON.parse(await this.ok(["--json", ...args], options));
  }

  /** Runs the program with `--json` and expects it to fail with `code`. */
  async fails(code: string, exit: number, args: readonly string[], options: CliOptions = {}): Promise<Ended> {
    const result = await this.run(["--json", ...args], options);
    const shown = `agentsecrets ${args.join(" ")}: ${result.stdout}${result.stderr}`;
    assert.equal(result.code, exit, shown);
    const { error } = JSON.parse(result.stdout);
    assert.deepEqual([error.code, error.exit], [code, exit], shown);
    assert.equal(result.stderr.includes("    at "), false, "a stack trace was shown");
    return result;
  }

  /** Puts entries on the workspace's allowlist, as the person who knows the password. */
  async allow(...entries: readonly string[]): Promise<void> {
    await this.ok(["workspace", "allowlist", "add", ...entries, "--password-stdin"], { stdin: `${PASSWORD}\n` });
  }

  /** An environment in which the program trusts that authority. */
  async trust(caPem: string): Promise<Record<string, string>> {
    const path = `${this.base}/ca.pem`;
    await Deno.writeTextFile(path, caPem);
    return { SSL_CERT_FILE: path };
  }

  /** Expects that a program which `env` runs has exactly `value` in `name`: it compares, since what it prints is masked. */
  async holds(
    name: string,
    value: string,
    options: CliOptions & { readonly leading?: readonly string[] } = {},
  ): Promise<void> {
    const script = `test "$${name}" = "$1" || { echo "${name} is another" >&2; exit 1; }`;
    await this.ok([...options.leading ?? [], "env", "--", "sh", "-c", script, "sh", value], options);
  }

  /** Every file below the base folder, as paths and bytes. */
  async *files(): AsyncGenerator<readonly [path: string, bytes: Uint8Array]> {
    yield* filesBelow(this.base);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.base, { recursive: true });
  }

  async #withDescriptors(line: readonly string[], texts: readonly string[]): Promise<[string, string[]]> {
    if (texts.length === 0) return [line[0]!, line.slice(1)];
    const redirections: string[] = [];
    for (const [i, text] of texts.entries()) {
      const path = `${this.base}/descriptor-${i + 3}`;
      await Deno.writeTextFile(path, text);
      redirections.push(`${i + 3}<'${path}'`);
    }
    return ["/bin/sh", ["-c", `exec "$@" ${redirections.join(" ")}`, "sh", ...line]];
  }
}

async function* filesBelow(folder: string): AsyncGenerator<readonly [string, Uint8Array]> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* filesBelow(path);
    else if (entry.isFile) yield [path, await Deno.readFile(path)];
  }
}

/** The password of sandboxes with an account. */
export const PASSWORD = "correct horse battery staple";

/** Arguments of `init` for a sandbox, and its standard input. */
export function initArgs(): readonly string[] {
  return [
    "init",
    "--email",
    "you@example.com",
    "--password-stdin",
    "--vault",
    "file",
    "--vault-key-file",
    "--kit",
    "../kit.txt",
  ];
}

/** Made once in a test process: an account costs seconds of key derivation on a busy machine. */
let template: Promise<Sandbox> | undefined;

async function makeTemplate(): Promise<Sandbox> {
  const sandbox = await Sandbox.make();
  globalThis.addEventListener("unload", () => Deno.removeSync(sandbox.base, { recursive: true }));
  await sandbox.ok(initArgs(), { stdin: `${PASSWORD}\n` });
  await sandbox.ok(["project", "create", "my-app"]);
  return sandbox;
}

/** A sandbox with an account and the project `my-app` in its folder: a copy of one that was made by the program. */
export async function sandboxWithProject(): Promise<Sandbox> {
  template ??= makeTemplate();
  return await (await template).copy();
}

/** The names and types of a JSON document, to freeze its shape. An array shows the shape of its first element. */
export function shapeOf(value: unknown): unknown {
  if (value === null) return "null";
  if (Array.isArray(value)) return value.length === 0 ? [] : [shapeOf(value[0])];
  if (typeof value !== "object") return typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, shapeOf(member)]));
}
