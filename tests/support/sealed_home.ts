/**
 * A sealed home, and an attacker beside it: both are processes of one ordinary user, who on a test machine run by root is made with
 * setpriv. What the attacker runs has that user's whole power: a shell, every file, the socket.
 */
import assert from "node:assert/strict";
import { type Ended, endOf, feed } from "./child.ts";
import { PASSWORD, QUIET_RUNTIME } from "./cli.ts";

const root = new URL("../../", import.meta.url).pathname;
/** Nobody's: no account of this machine has it. */
const UID = 54321;

/** Why such a home cannot be made here, or undefined when it can. */
export function whyNoSealedHome(): string | undefined {
  if (Deno.build.os !== "linux") return "sealed mode is for Linux";
  if (Deno.uid() !== 0) return undefined;
  try {
    return new Deno.Command("setpriv", { args: ["--version"], stdout: "null", stderr: "null" }).outputSync().success
      ? undefined
      : "setpriv does not run";
  } catch {
    return "run as root without setpriv, which makes the ordinary user";
  }
}

/** What a program is run with. */
export interface RunOptions {
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A broker in the foreground. */
export interface RunningBroker {
  readonly pid: number;
  readonly port: number;
  readonly child: Deno.ChildProcess;
  /** Waits for its end; what it wrote to stderr. */
  ended(): Promise<{ readonly code: number; readonly stderr: string }>;
}

/** A home of storage mode 3 with the project `my-app`. */
export class SealedHome implements AsyncDisposable {
  readonly base: string;
  readonly home: string;
  readonly folder: string;

  private constructor(base: string) {
    this.base = base;
    this.home = `${base}/home/.agentsecrets`;
    this.folder = `${base}/my-app`;
  }

  /** Made by the program, as the ordinary user. The Emergency Kit is taken away, as the program asks for. */
  static async make(env: Readonly<Record<string, string>> = {}): Promise<SealedHome> {
    const made = new SealedHome(await Deno.makeTempDir({ prefix: "agentsecrets-sealed-" }));
    for (const folder of ["home", "my-app", "deno"]) await Deno.mkdir(`${made.base}/${folder}`);
    made.own();
    const init = [
      "init",
      "--email",
      "you@example.com",
      "--storage-mode",
      "3",
      "--password-stdin",
      "--kit",
      "../kit.txt",
    ];
    await made.ok(init, { stdin: `${PASSWORD}\n`, env });
    await Deno.remove(`${made.base}/kit.txt`);
    await made.person(["project", "create", "my-app"]);
    return made;
  }

  /** Everything below the base belongs to the ordinary user, also what the test put there. */
  own(): void {
    if (Deno.uid() !== 0) return;
    const args = ["-R", `${UID}:${UID}`, this.base];
    assert.ok(new Deno.Command("chown", { args }).outputSync().success);
  }

  get env(): Record<string, string> {
    return {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: `${this.base}/home`,
      AGENTSECRETS_HOME: this.home,
      DENO_DIR: `${this.base}/deno`,
      ...QUIET_RUNTIME,
      TMPDIR: this.base,
    };
  }

  /** A command of the ordinary user: the program's person, or the attacker. */
  command(line: readonly string[], options: RunOptions & { readonly keep?: boolean } = {}): Deno.Command {
    const prefix = Deno.uid() === 0
      ? ["setpriv", `--reuid=${UID}`, `--regid=${UID}`, "--clear-groups", "--no-new-privs"]
      : [];
    const [command, ...args] = [...prefix, ...line];
    return new Deno.Command(command!, {
      args,
      cwd: this.folder,
      clearEnv: true,
      env: { ...this.env, ...options.env },
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    });
  }

  /** Runs a command of the ordinary user to its end. */
  async shell(line: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = this.command(line, options).spawn();
    if (options.stdin !== undefined) await feed(child, options.stdin);
    return await endOf(child);
  }

  /** Runs the program. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    return await this.shell([...deno("main.ts"), ...args], options);
  }

  /** Runs the program and expects it to succeed. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const result = await this.run(args, options);
    assert.equal(result.code, 0, `agentsecrets ${args.join(" ")}: ${result.stdout}${result.stderr}`);
    return result.stdout;
  }

  /** Runs the program as the person who knows the password. */
  async person(args: readonly string[], input = ""): Promise<string> {
    return await this.ok([...args, "--vault-passphrase-stdin"], { stdin: `${PASSWORD}\n${input}` });
  }

  /** Runs the program without the password and expects a failure. */
  async refused(code: string, exit: number, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const result = await this.run(["--json", ...args], options);
    const shown = `agentsecrets ${args.join(" ")}: ${result.stdout}${result.stderr}`;
    assert.equal(result.code, exit, shown);
    assert.match(result.stdout, new RegExp(`"${code}`), shown);
    return result;
  }

  /** Starts the broker, as the person does, and waits until it answers. */
  async broker(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<RunningBroker> {
    const line = [...deno("main.ts"), "--json", "proxy", "start", "--port", "0", "--password-stdin", ...args];
    const child = this.command(line, { stdin: "", env }).spawn();
    await feed(child, `${PASSWORD}\n`);
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n}\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`The broker ended: ${text}${await new Response(child.stderr).text()}`);
      text += value;
    }
    const { pid, port } = JSON.parse(text);
    return {
      pid,
      port,
      child,
      ended: async () => {
        const said = await new Response(child.stderr).text();
        // What it says of this machine's kernel is no failure.
        const stderr = said.replace(/^! A program of yours that lies in wait .*\n/m, "");
        while (!(await reader.read()).done);
        return { code: (await child.status).code, stderr };
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.base, { recursive: true });
  }
}

/** A script of this repository on Deno, with the packages that are installed and nothing fetched. */
export function deno(script: string): readonly string[] {
  const config = ["--node-modules-dir=manual", "--config", `${root}deno.json`];
  return [reachableDeno(), "run", "--quiet", "--allow-all", "--no-prompt", ...config, `${root}${script}`];
}

let copied: string | undefined;

/** A Deno that the ordinary user can start: root's own may lie in a home that nobody else may enter. */
export function reachableDeno(): string {
  if (Deno.uid() !== 0) return Deno.execPath();
  if (copied === undefined) {
    const folder = Deno.makeTempDirSync({ prefix: "agentsecrets-deno-" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    Deno.chmodSync(folder, 0o755);
    Deno.copyFileSync(Deno.execPath(), `${folder}/deno`);
    Deno.chmodSync(`${folder}/deno`, 0o755);
    copied = `${folder}/deno`;
  }
  return copied;
}
