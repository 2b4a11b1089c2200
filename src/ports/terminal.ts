/**
 * The person's terminal and the process's three streams.
 *
 * Prompts appear on the terminal itself or on stderr, never on stdout, so that stdout can always be piped. What a person types
 * in secret goes straight into a {@linkcode Secret}.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";

/** One of the process's own streams. */
export type Stream = "stdin" | "stdout" | "stderr";

/** Where a non-interactive answer comes from: the next line of standard input, or the first line of a file descriptor. */
export type LineSource = "stdin" | { readonly fd: number };

/** One answer of {@linkcode Terminal.choose}. */
export interface Choice<T> {
  readonly value: T;
  readonly label: string;
  readonly hint?: string;
}

/** Writes for people and programs, and asks people. */
export interface Terminal {
  /** Whether that stream is a terminal. */
  isTerminal(stream: Stream): boolean;
  /** Whether a person can be asked: a terminal to read from, and stderr going to one. */
  readonly canAsk: boolean;
  /** Whether colours may be used on that stream. */
  hasColor(stream: "stdout" | "stderr"): boolean;
  /** Width in columns; 80 when it is unknown. */
  columns(): number;
  /** Aborted once the reader of stdout has gone (`| head`): nothing more needs to be produced. */
  readonly readerGone: AbortSignal;
  /** Writes everything. A reader that went away is no error: the rest is dropped and {@linkcode readerGone} aborts. */
  write(stream: "stdout" | "stderr", data: string | Uint8Array): Promise<void>;
  /**
   * Shows `secret` on the terminal itself, with a line break after it and never through a redirected stream.
   *
   * @throws {AppError} `person_required` when stdout is no terminal
   */
  reveal(secret: Secret): Promise<void>;
  /** Puts `secret` into the desktop's clipboard. @throws {AppError} `clipboard_unavailable` */
  copy(secret: Secret): Promise<void>;
  /** A line typed by a person and shown. @throws {AppError} `cancelled` */
  askLine(question: string, options?: { readonly initial?: string; readonly signal?: AbortSignal }): Promise<string>;
  /** A line typed by a person and not shown; at most 64 KiB, line breaks that are pasted included. @throws {AppError} `cancelled` */
  askHidden(question: string, options?: { readonly signal?: AbortSignal }): Promise<Secret>;
  /** One of `choices`, picked with the arrow keys or its number; the first is the default. @throws {AppError} `cancelled` */
  choose<T>(
    question: string,
    choices: readonly Choice<T>[],
    options?: { readonly signal?: AbortSignal },
  ): Promise<T>;
  /** Yes or no; `initial` is what Enter means (default no). @throws {AppError} `cancelled` */
  confirm(
    question: string,
    options?: { readonly initial?: boolean; readonly signal?: AbortSignal },
  ): Promise<boolean>;
  /**
   * What is left of standard input.
   *
   * @throws {AppError} `body_too_large` beyond `maxBytes`
   */
  readStdin(maxBytes: number): Promise<Uint8Array>;
  /** Like {@linkcode readStdin}, straight into a secret; one final line break is dropped. */
  readStdinSecret(maxBytes: number): Promise<Secret>;
  /**
   * One line (at most 4096 bytes) without its end: successive calls on stdin give successive lines.
   *
   * @throws {AppError} `invalid_input` when there is none, `unsupported` for descriptors this system cannot open
   */
  readSecretLine(source: LineSource, what: string): Promise<Secret>;
}
