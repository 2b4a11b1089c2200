/**
 * {@linkcode SystemTerminal}: the process's own streams and the terminal it runs in.
 *
 * A person is asked only when stderr is a terminal and there is one to read from: standard input itself or, when that is a
 * file or a pipe, the controlling terminal. A program that captures stderr is therefore never kept waiting by a question.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Choice, LineSource, Stream, Terminal } from "../../ports/terminal.ts";
import { ByteReader } from "./byte_reader.ts";
import { askHidden, askLine, choose, type Keyboard, takeWithoutFinalBreak } from "./prompts.ts";

const MAX_SECRET_LINE_BYTES = 4096;
const encoder = new TextEncoder();

/** What the adapter is told of its surroundings. */
export interface SystemTerminalOptions {
  /** `NO_COLOR` is set, or the terminal is `dumb`. */
  readonly plain: boolean;
  /** Called when a person presses Ctrl-C at a prompt. */
  readonly interrupt: () => void;
}

/** The terminal of this process. */
export class SystemTerminal implements Terminal {
  readonly #options: SystemTerminalOptions;
  readonly #gone = new AbortController();
  readonly #stdin = new ByteReader(Deno.stdin);
  #keyboard: Keyboard | undefined;

  constructor(options: SystemTerminalOptions) {
    this.#options = options;
  }

  get readerGone(): AbortSignal {
    return this.#gone.signal;
  }

  get canAsk(): boolean {
    return Deno.stderr.isTerminal() && this.#findKeyboard() !== undefined;
  }

  isTerminal(stream: Stream): boolean {
    return Deno[stream].isTerminal();
  }

  hasColor(stream: "stdout" | "stderr"): boolean {
    return !this.#options.plain && Deno[stream].isTerminal();
  }

  columns(): number {
    try {
      return Deno.consoleSize().columns || 80;
    } catch {
      return 80; // no terminal anywhere
    }
  }

  async write(stream: "stdout" | "stderr", data: string | Uint8Array): Promise<void> {
    if (stream === "stdout" && this.#gone.signal.aborted) return;
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    try {
      for (let at = 0; at < bytes.length;) at += await Deno[stream].write(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) {
        throw new AppError("file_unwritable", { path: stream, reason: "the system refused it" }, { cause: error });
      }
      if (stream === "stdout") this.#gone.abort();
    }
  }

  async reveal(secret: Secret): Promise<void> {
    if (!Deno.stdout.isTerminal()) throw new AppError("person_required", { action: "show a value" });
    // EXPOSE: a person at this terminal asked to see it and has given the password
    const shown = secret.expose((bytes) => visible(bytes));
    await this.write("stdout", shown);
    shown.fill(0);
    await this.write("stdout", "\n");
  }

  async copy(secret: Secret): Promise<void> {
    await (await import("./clipboard.ts")).copyToClipboard(secret);
  }

  askLine(question: string, options: { initial?: string; signal?: AbortSignal } = {}): Promise<string> {
    return askLine(this.#person(question), question, options.initial, options.signal);
  }

  askHidden(question: string, options: { signal?: AbortSignal } = {}): Promise<Secret> {
    return askHidden(this.#person(question), question, options.signal);
  }

  choose<T>(question: string, choices: readonly Choice<T>[], options: { signal?: AbortSignal } = {}): Promise<T> {
    return choose(this.#person(question), question, choices, options.signal);
  }

  async confirm(question: string, options: { initial?: boolean; signal?: AbortSignal } = {}): Promise<boolean> {
    const initial = options.initial ?? false;
    const keyboard = this.#person(question);
    for (;;) {
      const answer = await askLine(keyboard, `${question} ${initial ? "[Y/n]" : "[y/N]"}`, undefined, options.signal);
      if (answer === "") return initial;
      if (/^(y|yes)$/i.test(answer)) return true;
      if (/^(n|no)$/i.test(answer)) return false;
    }
  }

  readStdin(maxBytes: number): Promise<Uint8Array> {
    return this.#stdin.rest(maxBytes, "standard input");
  }

  async readStdinSecret(maxBytes: number): Promise<Secret> {
    return takeWithoutFinalBreak(await this.#stdin.rest(maxBytes, "standard input"));
  }

  async readSecretLine(source: LineSource, what: string): Promise<Secret> {
    if (source === "stdin" || source.fd === 0) return await lineOf(this.#stdin, what);
    using file = await openDescriptor(source.fd, what);
    return await lineOf(new ByteReader(file), what);
  }

  #person(question: string): Keyboard {
    const keyboard = this.#findKeyboard();
    if (keyboard === undefined) throw new AppError("person_required", { action: `ask '${question}'` });
    return keyboard;
  }

  #findKeyboard(): Keyboard | undefined {
    if (this.#keyboard !== undefined) return this.#keyboard;
    const device = Deno.stdin.isTerminal() ? Deno.stdin : openControllingTerminal();
    if (device === undefined) return undefined;
    this.#keyboard = {
      reader: device === Deno.stdin ? this.#stdin : new ByteReader(device),
      setRaw: (on) => device.setRaw(on),
      show: (text) => this.write("stderr", text),
      interrupt: this.#options.interrupt,
    };
    return this.#keyboard;
  }
}

/** The terminal behind a piped standard input; undefined when there is none. */
function openControllingTerminal(): Deno.FsFile | undefined {
  if (Deno.build.os === "windows") return undefined;
  try {
    return Deno.openSync("/dev/tty", { read: true });
  } catch {
    return undefined;
  }
}

/** An inherited descriptor. Standard output and error are not read from. */
async function openDescriptor(fd: number, what: string): Promise<Deno.FsFile> {
  if (Deno.build.os === "windows") {
    throw new AppError("unsupported", { what: `reading ${what} from a descriptor`, reason: "this system has none" });
  }
  try {
    return await Deno.open(`/dev/fd/${fd}`, { read: true });
  } catch (error) {
    throw new AppError("invalid_input", { what, reason: `descriptor ${fd} is not open` }, { cause: error });
  }
}

async function lineOf(reader: ByteReader, what: string): Promise<Secret> {
  const line = await reader.line(MAX_SECRET_LINE_BYTES, what);
  if (line === undefined) throw new AppError("invalid_input", { what, reason: "there was no line to read" });
  return Secret.take(line);
}

/** Control characters but tab and line feed spelled out: a stored value must not steer the terminal of who looks at it. */
function visible(bytes: Uint8Array): Uint8Array {
  const out: number[] = [];
  for (const byte of bytes) {
    const steers = byte === 0x7f || (byte < 0x20 && byte !== 0x09 && byte !== 0x0a);
    if (steers) out.push(...encoder.encode(`\\x${byte.toString(16).padStart(2, "0")}`));
    else out.push(byte);
  }
  return Uint8Array.from(out);
}
