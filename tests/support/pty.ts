/**
 * The program on a terminal of its own, made by util-linux's `script`: for what only a person sees. Answers are typed once the
 * question has appeared, so nothing depends on time.
 */
import assert from "node:assert/strict";
import { program, type Sandbox } from "./cli.ts";

/** Whether this machine can make a terminal for a test. */
export async function hasPty(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const probe = new Deno.Command("script", { args: ["--version"], stdout: "null", stderr: "null" });
  return await probe.output().then((result) => result.success, () => false);
}

/** A program on a terminal. */
export class Pty {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  /** Everything that the terminal showed. */
  screen = "";
  #seen = 0;

  /** Runs the program with `args`, or, with `lead` empty, the command line that they are. */
  constructor(
    sandbox: Sandbox,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
    lead: readonly string[] = program(),
  ) {
    const line = [...lead, ...args].map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(" ");
    this.#child = new Deno.Command("script", {
      args: ["--quiet", "--return", "--command", `exec ${line}`, "/dev/null"],
      cwd: sandbox.folder,
      clearEnv: true,
      env: { ...sandbox.env, SHELL: "/bin/sh", TERM: "xterm-256color", ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#writer = this.#child.stdin.getWriter();
  }

  /** Reads until `text` appears after what was waited for before. */
  async expect(text: string): Promise<void> {
    for (;;) {
      const at = this.screen.indexOf(text, this.#seen);
      if (at >= 0) {
        this.#seen = at + text.length;
        return;
      }
      const { value, done } = await this.#reader.read();
      assert.equal(done, false, `ended without '${text}':\n${this.screen}`);
      this.screen += value;
    }
  }

  /** Types; `\r` is Enter, `\x03` Ctrl-C. */
  async type(keys: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(keys));
  }

  /** Waits for `question` and types the answer and Enter. */
  async answer(question: string, keys: string): Promise<void> {
    await this.expect(question);
    await this.type(`${keys}\r`);
  }

  /** Reads to the end; the program's exit number. */
  async end(): Promise<number> {
    for (let read = await this.#reader.read(); !read.done; read = await this.#reader.read()) this.screen += read.value;
    const { code } = await this.#child.status;
    await this.#writer.close().catch(() => {});
    return code;
  }
}
