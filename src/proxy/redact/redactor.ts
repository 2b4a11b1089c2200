/**
 * The redactor: takes credentials out of bytes and text on their way to a caller, in every form that an echo gives them.
 *
 * One {@linkcode Redactor} is compiled for a set of secrets and shared by all requests that use the same set; each body,
 * frame sequence or output gets a {@linkcode RedactionStream} of its own. No I/O, no clock.
 *
 * @module
 */

import { concat, utf8 } from "../../kernel/bytes.ts";
import { REDACTION_MARKER } from "../../kernel/limits.ts";
import type { Secret } from "../../kernel/secret.ts";
import { Automaton } from "./automaton.ts";
import { base64Form, hexForm, innerBase64, listForm, type Needle, textForm, wideTextForm } from "./forms.ts";
import { isSearchable, latin1, searchedParts } from "./parts.ts";
import { Scanner } from "./scanner.ts";

/** One body, WebSocket direction or output stream on its way through a redactor. Not reusable after `end()`. */
export interface RedactionStream {
  /**
   * Takes the next bytes and returns those that may go on, possibly none, possibly `chunk` itself. Held back is only what may
   * still become part of a match. The caller must not change `chunk` afterwards.
   *
   * @param work Stop after about so much work, whatever is left of `chunk`; see {@linkcode busy}. Without it, all is done.
   */
  push(chunk: Uint8Array, work?: number): Uint8Array;
  /** Whether `push` or `end` stopped for its limit: to be called again, `push` with no bytes, until this is false. */
  readonly busy: boolean;
  /**
   * What is held back now, if it is at most `maxBytes`, else nothing: for output that pauses, where a person waits for the end of
   * a line. The search goes on: a match that these bytes begin is replaced from the next byte on, so that at most `maxBytes` of
   * its beginning have gone out.
   */
  release(maxBytes: number): Uint8Array;
  /** What was held back and turned out harmless. Call once, at the end of the bytes; with a limit of `work`, until not {@linkcode busy}. */
  end(work?: number): Uint8Array;
  /** Whether anything was replaced so far. */
  readonly redacted: boolean;
  /** How many bytes are held back now. */
  readonly heldBytes: number;
}

/** A `TransformStream` around one {@linkcode RedactionStream}. */
export interface RedactionTransform extends TransformStream<Uint8Array, Uint8Array> {
  /** Whether anything was replaced so far. */
  readonly redacted: boolean;
}

/** Searches for one fixed set of secrets. Holds copies of their values until disposed. */
export interface Redactor extends Disposable {
  /** Starts a body. Any number may be open at once. */
  stream(): RedactionStream;
  /** The same as a pipe: `body.pipeThrough(redactor.transform())`. */
  transform(): RedactionTransform;
  /** A whole text (header value, status text, log line). The same string when nothing was found: `!==` means redacted. */
  text(text: string): string;
  /** Whole bytes. The same array when nothing was found: `!==` means redacted. */
  bytes(bytes: Uint8Array): Uint8Array;
  /** Wipes the copies of the values. Streams that are still open fail from then on. Safe to call twice. */
  dispose(): void;
}

/** Whether `secret` is searched for as a whole: false for values too short to be told from chance. `set` warns of them. */
export function isRedactable(secret: Secret): boolean {
  // EXPOSE: the value is compared with the marker's own text; nothing of it is kept
  return secret.expose(isSearchable);
}

/**
 * Compiles a redactor for `secrets`. Of a value that is not {@linkcode isRedactable} at most the parts are searched for; no
 * secrets at all is allowed. Takes milliseconds: keep it for as long as the set of secrets stays the same.
 */
export function createRedactor(secrets: readonly Secret[]): Redactor {
  return new CompiledRedactor(secrets);
}

const MARKER = utf8(REDACTION_MARKER);
const LEADS = [0, 1, 2];

/** Every form of `value`. `isWhole`: also base64 inside base64 (a Basic pair in a body that is itself sent as base64). */
function formsOf(value: Uint8Array, isWhole: boolean): Needle[] {
  const wide = [wideTextForm(value, "le"), wideTextForm(value, "be")].filter((form) => form !== undefined);
  const twice = isWhole ? innerBase64(value).flatMap((inner) => LEADS.map((lead) => base64Form(inner, lead))) : [];
  const base64 = LEADS.map((lead) => base64Form(value, lead));
  return [textForm(value), ...base64, hexForm(value), listForm(value), ...wide, ...twice];
}

class CompiledRedactor implements Redactor {
  #automaton: Automaton | undefined;
  #values: readonly Uint8Array[];

  constructor(secrets: readonly Secret[]) {
    const values = new Map<string, Uint8Array>();
    const needles: Needle[] = [];
    for (const secret of secrets) {
      // EXPOSE: passing bytes are compared with the value; the copies are wiped by dispose()
      const parts = secret.expose((value) => searchedParts(value));
      parts.forEach((part, i) => {
        const key = latin1(part);
        if (values.has(key)) return;
        values.set(key, part);
        needles.push(...formsOf(part, i === 0));
      });
    }
    this.#values = [...values.values()];
    this.#automaton = new Automaton(needles);
  }

  stream(): RedactionStream {
    return this.#scanner();
  }

  transform(): RedactionTransform {
    return new ScannedTransform(this.stream());
  }

  bytes(bytes: Uint8Array): Uint8Array {
    const scanner = this.#scanner();
    const parts = [scanner.push(bytes), scanner.end()];
    return scanner.redacted ? concat(...parts) : bytes;
  }

  text(text: string): string {
    const bytes = utf8(text);
    const out = this.bytes(bytes);
    return out === bytes ? text : new TextDecoder("utf-8", { ignoreBOM: true }).decode(out);
  }

  dispose(): void {
    for (const value of this.#values) value.fill(0);
    this.#values = [];
    this.#automaton?.dispose();
    this.#automaton = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  #scanner(): Scanner {
    // Without its automaton a redactor would pass everything: fail instead.
    if (this.#automaton === undefined) throw new TypeError("Cannot redact with a disposed redactor");
    return new Scanner(this.#automaton, MARKER);
  }
}

class ScannedTransform extends TransformStream<Uint8Array, Uint8Array> implements RedactionTransform {
  readonly #stream: RedactionStream;

  constructor(stream: RedactionStream) {
    const pass = (bytes: Uint8Array, controller: TransformStreamDefaultController<Uint8Array>): void => {
      if (bytes.length > 0) controller.enqueue(bytes);
    };
    super({
      transform: (chunk, controller) => pass(stream.push(chunk), controller),
      flush: (controller) => pass(stream.end(), controller),
    });
    this.#stream = stream;
  }

  get redacted(): boolean {
    return this.#stream.redacted;
  }
}
