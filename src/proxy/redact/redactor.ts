/**
 * The redactor: takes credentials out of bytes and text on their way to a caller, in every form that an echo gives them.
 *
 * One {@linkcode Redactor} is compiled for a set of secrets and shared by all requests that use the same set; each body,
 * frame sequence or output gets a {@linkcode RedactionStream} of its own. No I/O, no clock.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";

/** One body, WebSocket direction or output stream on its way through a redactor. Not reusable after `end()`. */
export interface RedactionStream {
  /**
   * Takes the next bytes and returns those that may go on, possibly none, possibly `chunk` itself. Held back is only what may
   * still become part of a match. The caller must not change `chunk` afterwards.
   */
  push(chunk: Uint8Array): Uint8Array;
  /** What was held back and turned out harmless. Call once, at the end of the bytes. */
  end(): Uint8Array;
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

/** Whether `secret` is searched for at all: false for values too short to be told from chance. `set` warns of them. */
export function isRedactable(_secret: Secret): boolean {
  throw new TypeError("not yet");
}

/** Compiles a redactor for `secrets`. Values that are not {@linkcode isRedactable} are left out; no secrets is allowed. */
export function createRedactor(_secrets: readonly Secret[]): Redactor {
  throw new TypeError("not yet");
}
