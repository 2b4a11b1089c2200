/**
 * Has the bundled program do what agents do all day, in a home of its own against an upstream on this machine: to see which chunks
 * come together, and for the code that V8 makes of them.
 *
 * @module
 */

import { runToEnd } from "../../tests/support/child.ts";
import { startUpstream } from "../../tests/support/upstream.ts";
import type { Job } from "./warm.ts";

/** How the bundled program's other entry is run: argument list up to the job. */
export type Warm = readonly string[];

interface Command {
  readonly args: readonly string[];
  readonly stdin?: string;
  /** Whether scripts are cut so that this command reads nothing but what it needs. More such commands mean more files for all. */
  readonly shapes?: boolean;
}

const PASSWORD = "a password that is only used while building";

/** A home to warm up in. */
export class WarmHome implements AsyncDisposable {
  readonly #base: string;
  readonly #upstream: Awaited<ReturnType<typeof startUpstream>>;

  private constructor(base: string, upstream: Awaited<ReturnType<typeof startUpstream>>) {
    this.#base = base;
    this.#upstream = upstream;
  }

  static async make(warm: Warm): Promise<WarmHome> {
    const upstream = await startUpstream();
    const home = new WarmHome(await Deno.makeTempDir({ prefix: "agentsecrets-build-" }), upstream);
    await Deno.mkdir(`${home.#base}/project`);
    await Deno.writeTextFile(`${home.#base}/ca.pem`, upstream.caPem);
    const vault = ["--vault", "file", "--vault-key-file", "--kit", `${home.#base}/kit.txt`];
    const account = ["--email", "build@example.com", "--password-stdin", "--storage-mode", "1"];
    await home.#run(warm, { commands: [["init", ...account, ...vault]] }, `${PASSWORD}\n`);
    const secrets = ["A", "B", "C"].map((name) => `${name}=made-up-${crypto.randomUUID()}`);
    await home.#run(warm, { commands: [["project", "create", "build"], ["secrets", "set", ...secrets]] });
    const allow = ["workspace", "allowlist", "add", upstream.origin, "--password-stdin"];
    await home.#run(warm, { commands: [allow] }, `${PASSWORD}\n`);
    return home;
  }

  /** What one command takes, for each command that shapes the scripts. */
  async uses(warm: Warm): Promise<ReadonlySet<string>[]> {
    const chunks = `${this.#base}/chunks.json`;
    const uses: ReadonlySet<string>[] = [];
    for (const { args, stdin } of this.#commands().filter(({ shapes }) => shapes === true)) {
      await this.#run(warm, { commands: [args], chunks }, stdin);
      uses.push(new Set(JSON.parse(await Deno.readTextFile(chunks)) as string[]));
    }
    return uses;
  }

  /** Writes V8's code of every script that the commands take into `folder`. */
  async writeCode(warm: Warm, folder: string): Promise<void> {
    const commands = this.#commands();
    const stdin = commands.map((command) => command.stdin ?? "").join("");
    await this.#run(warm, { commands: commands.map(({ args }) => args), code: folder }, stdin);
  }

  /** Fails unless V8 takes the code that `warm` comes with. */
  async checkCode(warm: Warm): Promise<void> {
    for (const { args, stdin } of this.#commands()) await this.#run(warm, { commands: [args], taken: true }, stdin);
  }

  #commands(): Command[] {
    const call = ["call", "--url", `${this.#upstream.origin}/echo`];
    return [
      { args: ["secrets", "list"], shapes: true },
      { args: ["workspace", "allowlist", "list"], shapes: true },
      { args: [...call, "--bearer", "A"], shapes: true },
      { args: [...call, "--json", "--header", "X-Key=B", "--body", "{}", "--body-field", "key=C"] },
      { args: ["env", "--only", "A,B", "--", Deno.execPath(), "--version"] },
      { args: ["status"] },
      { args: ["secrets", "diff"] },
      { args: ["secrets", "pull"] },
      { args: ["secrets", "set", "D=made-up"] },
      { args: ["proxy", "logs", "--last", "5"] },
      { args: ["mcp", "serve"], stdin: MCP, shapes: true },
    ];
  }

  async #run(warm: Warm, job: Job, stdin = ""): Promise<void> {
    const place = {
      args: [...warm.slice(1), JSON.stringify(job)],
      cwd: `${this.#base}/project`,
      env: {
        AGENTSECRETS_HOME: `${this.#base}/home`,
        HOME: this.#base,
        NO_COLOR: "1",
        SSL_CERT_FILE: `${this.#base}/ca.pem`,
      },
    };
    const { code, stderr } = await runToEnd(warm[0]!, place, stdin);
    if (code === 0) return;
    const lines = job.commands.map((args) => args.slice(0, 3).join(" ")).join("; ");
    throw new Error(`warming up failed at ${lines}: ${stderr}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#upstream.close();
    await Deno.remove(this.#base, { recursive: true });
  }
}

/** What a client says first. */
const MCP: string = [
  {
    id: 1,
    method: "initialize",
    params: { protocolVersion: "2025-06-18", capabilities: {}, clientInfo: { name: "build", version: "1" } },
  },
  { method: "notifications/initialized" },
  { id: 2, method: "tools/list" },
].map((message) => `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`).join("");
