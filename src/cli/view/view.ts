/**
 * {@linkcode View}: the one way in which a command shows something.
 *
 * A result goes to stdout, as text or as one JSON document; warnings, progress and confirmations of what was done go to stderr
 * or are left out. No value can get here: results are plain data, and a `Secret` in them prints as `[REDACTED]`.
 *
 * @module
 */

import type { Terminal } from "../../ports/terminal.ts";
import { printable, printableJson, type Style, styleFor } from "./style.ts";

/** Data that JSON can hold. Undefined members are left out. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json | undefined };

/** How a command wants to be read. */
export interface ViewOptions {
  readonly json: boolean;
  /** Text was asked for by name: also where a program would get something else. */
  readonly text?: boolean;
  readonly quiet: boolean;
  readonly color: boolean;
}

/** Shows results, warnings and progress. */
export class View {
  readonly #terminal: Terminal;
  readonly #options: ViewOptions;

  constructor(terminal: Terminal, options: ViewOptions) {
    this.#terminal = terminal;
    this.#options = options;
  }

  /** Whether JSON was asked for. */
  get json(): boolean {
    return this.#options.json;
  }

  /** Whether text was asked for by name. */
  get text(): boolean {
    return this.#options.text === true;
  }

  /** Style of what goes to stdout. */
  get style(): Style {
    return styleFor(this.#options.color && this.#terminal.hasColor("stdout"));
  }

  /** Style of what goes to stderr. */
  get errorStyle(): Style {
    return styleFor(this.#options.color && this.#terminal.hasColor("stderr"));
  }

  /** What was asked for: shown even with `--quiet`. */
  async data(document: Json, text: (style: Style) => string | Promise<string>): Promise<void> {
    await this.#terminal.write("stdout", this.json ? pretty(document) : await text(this.style));
  }

  /** What was done: `--quiet` leaves the text out. A JSON document is printed all the same. */
  async done(document: Json, text: (style: Style) => string): Promise<void> {
    if (this.json) await this.#terminal.write("stdout", pretty(document));
    else if (!this.#options.quiet) await this.#terminal.write("stdout", text(this.style));
  }

  /** One JSON document on a line of its own, for streams of records. */
  async line(document: Json): Promise<void> {
    await this.#terminal.write("stdout", `${printableJson(JSON.stringify(document))}\n`);
  }

  /** Something that the reader should know although the command goes on. */
  async warn(message: string): Promise<void> {
    await this.#terminal.write("stderr", `${this.errorStyle.yellow("!")} ${printable(message)}\n`);
  }

  /** Progress or advice, for people only. */
  async note(message: string): Promise<void> {
    if (this.json || this.#options.quiet) return;
    await this.#terminal.write("stderr", `${this.errorStyle.dim(printable(message))}\n`);
  }
}

/** A line that says that something was done. */
export function tick(style: Style, text: string): string {
  return `${style.green("✓")} ${printable(text)}\n`;
}

/** `1 secret`, `3 secrets`. */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n} ${n === 1 ? noun : plural}`;
}

function pretty(document: Json): string {
  return `${printableJson(JSON.stringify(document, undefined, 2))}\n`;
}
