/**
 * Questions on a terminal: hidden lines and choices in raw mode, plain lines in the terminal's own line mode.
 *
 * Raw mode always ends: on an answer, on Ctrl-C, on an abort and on an error. Everything is written to stderr.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { MAX_VALUE_BYTES } from "../../kernel/limits.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Choice } from "../../ports/terminal.ts";
import type { ByteReader } from "./byte_reader.ts";
import { type EditorEvent, LineEditor } from "./line_editor.ts";

/** The terminal that a person sits at. */
export interface Keyboard {
  readonly reader: ByteReader;
  /** Turns the terminal's own echo and line editing off or on. */
  setRaw(on: boolean): void;
  /** Writes to the person. */
  show(text: string): Promise<void>;
  /** Called for Ctrl-C, which raw mode delivers as a byte instead of a signal. */
  interrupt(): void;
}

const PASTE_ON = "\x1b[?2004h", PASTE_OFF = "\x1b[?2004l";
const HIDE_CURSOR = "\x1b[?25l", SHOW_CURSOR = "\x1b[?25h";
const MAX_LINE_BYTES = 4096;

/** A line that is not shown. */
export async function askHidden(keyboard: Keyboard, question: string, signal?: AbortSignal): Promise<Secret> {
  const editor = new LineEditor(MAX_VALUE_BYTES + 1);
  try {
    // Asked in raw mode, so that not even the first character of a quick answer is echoed.
    await rawBytes(keyboard, signal, {
      ask: `${question} ${PASTE_ON}`,
      take: (byte) => editor.feed(byte),
    });
    const typed = editor.bytes();
    return takeWithoutFinalBreak(typed);
  } finally {
    editor.wipe();
    await keyboard.show(`${PASTE_OFF}\n`);
  }
}

/** A line that is shown; what Enter alone means is `initial`. */
export async function askLine(
  keyboard: Keyboard,
  question: string,
  initial: string | undefined,
  signal?: AbortSignal,
): Promise<string> {
  await keyboard.show(initial === undefined ? `${question} ` : `${question} [${initial}] `);
  const line = await aborted(keyboard.reader.line(MAX_LINE_BYTES, "the answer"), signal)
    // What comes next begins a line of its own.
    .catch(async (error: unknown) => {
      await keyboard.show("\n");
      throw error;
    });
  if (line === undefined) {
    await keyboard.show("\n");
    throw new AppError("cancelled");
  }
  const text = new TextDecoder().decode(line).trim();
  return text === "" && initial !== undefined ? initial : text;
}

/** One of several, with the arrow keys, `j`/`k` or a digit. */
export async function choose<T>(
  keyboard: Keyboard,
  question: string,
  choices: readonly Choice<T>[],
  signal?: AbortSignal,
): Promise<T> {
  let at = 0;
  let sequence = "";
  const draw = (): string => choices.map((choice, i) => choiceLine(choice, i === at, i + 1)).join("");
  try {
    await rawBytes(keyboard, signal, {
      ask: `${question}\r\n${HIDE_CURSOR}${draw()}`,
      take: (byte) => {
        const key = `${sequence}${String.fromCharCode(byte)}`;
        sequence = key === "\x1b" || key === "\x1b[" || key === "\x1bO" ? key : "";
        if (sequence !== "") return "typing";
        if (byte === 0x03) return "interrupt";
        if (key === "\r" || key === "\n") return "enter";
        at = moved(key, at, choices.length);
        return "typing";
      },
      redraw: () => `\x1b[${choices.length}A${draw()}`,
    });
  } finally {
    await keyboard.show(SHOW_CURSOR);
  }
  return choices[at]!.value;
}

function choiceLine<T>(choice: Choice<T>, chosen: boolean, number: number): string {
  const hint = choice.hint === undefined ? "" : `  ${choice.hint}`;
  return `\r\x1b[K${chosen ? "→" : " "} ${number}. ${choice.label}${hint}\r\n`;
}

function moved(key: string, at: number, count: number): number {
  if (key === "k" || key.endsWith("A") && key.length > 1) return (at + count - 1) % count;
  if (key === "j" || key === "\t" || key.endsWith("B") && key.length > 1) return (at + 1) % count;
  const number = /^[1-9]$/.test(key) ? Number(key) : 0;
  return number >= 1 && number <= count ? number - 1 : at;
}

/** A question in raw mode. */
interface RawQuestion {
  /** Shown once the terminal does not echo any more. */
  readonly ask: string;
  readonly take: (byte: number) => EditorEvent;
  /** Shown after keys that did not end the question. */
  readonly redraw?: () => string;
}

/** Feeds bytes typed in raw mode to the question until one is Enter; what was typed ahead stays for the next question. */
async function rawBytes(keyboard: Keyboard, signal: AbortSignal | undefined, question: RawQuestion): Promise<void> {
  keyboard.setRaw(true);
  try {
    await keyboard.show(question.ask);
    for (;;) {
      const chunk = await aborted(keyboard.reader.chunk(), signal);
      if (chunk === undefined) throw new AppError("cancelled");
      for (let i = 0; i < chunk.length; i++) {
        const event = question.take(chunk[i]!);
        if (event === "typing") continue;
        keyboard.reader.putBack(chunk.subarray(i + 1));
        chunk.fill(0);
        if (event === "enter") return;
        if (event === "interrupt") keyboard.interrupt();
        throw new AppError("cancelled");
      }
      chunk.fill(0);
      if (question.redraw !== undefined) await keyboard.show(question.redraw());
    }
  } finally {
    keyboard.setRaw(false);
  }
}

/** `work`, or `cancelled` as soon as the signal aborts: a pending read cannot be taken back, but nobody waits for it. */
async function aborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return await work;
  if (signal.aborted) throw new AppError("cancelled");
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(new AppError("cancelled"));
  signal.addEventListener("abort", stop, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A secret of `bytes` without one final line break; `bytes` is wiped. */
export function takeWithoutFinalBreak(bytes: Uint8Array<ArrayBuffer>): Secret {
  let end = bytes.length;
  if (end > 0 && bytes[end - 1] === 0x0a) end -= end > 1 && bytes[end - 2] === 0x0d ? 2 : 1;
  const secret = Secret.copyOf(bytes.subarray(0, end));
  bytes.fill(0);
  return secret;
}
