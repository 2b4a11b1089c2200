/** A client as a child process; what it writes is kept, searched for values, and can be read line by line while it runs. */
import type { CanarySearch } from "../canary.ts";
import type { Ended } from "../child.ts";

const decoder = new TextDecoder();

/** How it is run. Its environment is what is given and nothing else. */
export interface ClientOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Written at the start; without it the input stays open for {@linkcode ClientProcess.say}. */
  readonly stdin?: string;
}

/** One of them. */
export class ClientProcess {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #stderr: Promise<string>;
  readonly #canary: CanarySearch;
  #bytes: Uint8Array<ArrayBuffer>[] = [];
  #rest = "";
  #lines: string[] = [];

  constructor(command: string, args: readonly string[], options: ClientOptions, canary: CanarySearch) {
    this.#name = `${command} ${args.slice(0, 2).join(" ")}`;
    this.#canary = canary;
    this.#child = new Deno.Command(command, {
      args: [...args],
      clearEnv: true,
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
      // A group of its own, so that what a wrapper script started ends with it.
      detached: true,
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
    this.#stderr = new Response(this.#child.stderr).text();
    if (options.stdin !== undefined) {
      // A program that reads no input may have ended before it is written.
      this.#input.write(new TextEncoder().encode(options.stdin)).then(() => this.#input.close()).catch(() => {});
    }
  }

  /** Writes a line to its standard input. */
  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(`${line}\n`));
  }

  /** The next line that it prints, as soon as it does; undefined at the end. */
  async line(): Promise<string | undefined> {
    while (this.#lines.length === 0) {
      if (!await this.#read()) return undefined;
    }
    return this.#lines.shift();
  }

  /** Ends it and what it started. */
  kill(): void {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  }

  /** Waits for it; `stdout` is everything since the start. */
  async end(): Promise<Ended> {
    while (await this.#read());
    await this.#input.close().catch(() => {});
    const [{ code }, stderr] = [await this.#child.status, await this.#stderr];
    const stdout = decoder.decode(await new Blob(this.#bytes).arrayBuffer());
    this.#canary.text(`the output of ${this.#name}`, stdout);
    this.#canary.text(`the error output of ${this.#name}`, stderr);
    return { code, stdout, stderr };
  }

  async #read(): Promise<boolean> {
    const { value, done } = await this.#output.read();
    if (done) return false;
    this.#bytes.push(value);
    const lines = (this.#rest + decoder.decode(value)).split("\n");
    this.#rest = lines.pop()!;
    this.#lines.push(...lines);
    return true;
  }
}
