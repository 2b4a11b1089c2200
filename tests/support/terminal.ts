/** A terminal for tests: scripted answers, remembered output, and a standard input that is a text. */
import { AppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Choice, LineSource, Stream, Terminal } from "../../src/ports/terminal.ts";

/** What the scripted terminal is like. */
export interface ScriptedTerminalOptions {
  readonly terminals?: readonly Stream[];
  readonly canAsk?: boolean;
  readonly color?: boolean;
  readonly stdin?: string;
  /** Default 100. */
  readonly columns?: number;
  /** Answers in the order of the questions; `choose` takes the value at that index. */
  readonly answers?: readonly (string | number | boolean)[];
  /** Lines of file descriptors. */
  readonly descriptors?: Readonly<Record<number, string>>;
}

/** {@linkcode Terminal} without a terminal. */
export class ScriptedTerminal implements Terminal {
  readonly #options: ScriptedTerminalOptions;
  readonly #answers: (string | number | boolean)[];
  #stdin: string;
  stdout = "";
  stderr = "";
  readonly questions: string[] = [];
  readonly readerGone = new AbortController().signal;

  constructor(options: ScriptedTerminalOptions = {}) {
    this.#options = options;
    this.#answers = [...(options.answers ?? [])];
    this.#stdin = options.stdin ?? "";
  }

  get canAsk(): boolean {
    return this.#options.canAsk ?? false;
  }

  isTerminal(stream: Stream): boolean {
    return this.#options.terminals?.includes(stream) ?? false;
  }

  hasColor(): boolean {
    return this.#options.color ?? false;
  }

  columns(): number {
    return this.#options.columns ?? 100;
  }

  write(stream: "stdout" | "stderr", data: string | Uint8Array): Promise<void> {
    this[stream] += typeof data === "string" ? data : new TextDecoder().decode(data);
    return Promise.resolve();
  }

  async reveal(secret: Secret): Promise<void> {
    if (!this.isTerminal("stdout")) throw new AppError("person_required", { action: "show a value" });
    await this.write("stdout", secret.expose((bytes) => bytes.slice()));
    await this.write("stdout", "\n");
  }

  copy(): Promise<void> {
    return Promise.reject(new AppError("clipboard_unavailable"));
  }

  askLine(question: string): Promise<string> {
    return Promise.resolve(String(this.#next(question)));
  }

  askHidden(question: string): Promise<Secret> {
    return Promise.resolve(Secret.fromText(String(this.#next(question))));
  }

  choose<T>(question: string, choices: readonly Choice<T>[]): Promise<T> {
    return Promise.resolve(choices[Number(this.#next(question))]!.value);
  }

  confirm(question: string): Promise<boolean> {
    return Promise.resolve(this.#next(question) === true);
  }

  readStdin(maxBytes: number): Promise<Uint8Array> {
    const bytes = new TextEncoder().encode(this.#stdin);
    this.#stdin = "";
    if (bytes.length > maxBytes) throw new AppError("body_too_large", { what: "standard input", maxBytes });
    return Promise.resolve(bytes);
  }

  async readStdinSecret(maxBytes: number): Promise<Secret> {
    return Secret.fromText(new TextDecoder().decode(await this.readStdin(maxBytes)).replace(/\r?\n$/, ""));
  }

  readSecretLine(source: LineSource, what: string): Promise<Secret> {
    if (source !== "stdin") {
      const line = this.#options.descriptors?.[source.fd];
      if (line === undefined) {
        throw new AppError("invalid_input", { what, reason: `descriptor ${source.fd} is not open` });
      }
      return Promise.resolve(Secret.fromText(line));
    }
    const end = this.#stdin.indexOf("\n");
    if (this.#stdin === "") throw new AppError("invalid_input", { what, reason: "there was no line to read" });
    const line = end < 0 ? this.#stdin : this.#stdin.slice(0, end);
    this.#stdin = end < 0 ? "" : this.#stdin.slice(end + 1);
    return Promise.resolve(Secret.fromText(line));
  }

  #next(question: string): string | number | boolean {
    this.questions.push(question);
    const answer = this.#answers.shift();
    if (answer === undefined) throw new Error(`Nothing scripted for: ${question}`);
    return answer;
  }
}
