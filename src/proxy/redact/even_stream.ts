/**
 * A stream whose pace tells nothing of the values that are looked for.
 *
 * What is held back for a value that may have begun is visible: the bytes before it go on at once, and it does not. Who sends guesses
 * through the proxy and pauses after each would read a value out of that, symbol by symbol, though it never comes out and may be bound
 * to another place. So the first pause in more of a possible value than chance would leave there makes all streams even: from then on a
 * pause holds back the end of the line, whatever is in it. Bytes still go on with a line's end or the next bytes, so events and lines
 * of JSON lose no time.
 *
 * @module
 */

import { concat } from "../../kernel/bytes.ts";
import type { RedactionStream } from "./redactor.ts";

/** Most held bytes that chance explains: with all forms of hundreds of values, no more than a handful of pauses in a million has as many. */
const MOST_BY_CHANCE = 5;
/** Most bytes of an unfinished line that wait in an even stream. */
export const EVEN_BYTES = 1024;

const LINE_FEED = 0x0a;
const NO_BYTES = new Uint8Array(0);

/** Whether somebody may be guessing; for all streams of an engine together, and never taken back: the guesses go on where they were. */
export class Wariness {
  #isWary = false;

  get isWary(): boolean {
    return this.#isWary;
  }

  /** A stream that others can watch waits for its next bytes, with so many held back. */
  paused(heldBytes: number): void {
    if (heldBytes > MOST_BY_CHANCE) this.#isWary = true;
  }
}

/** {@linkcode RedactionStream.push} and its like, the pace even once that is called for. */
export class EvenStream implements Omit<RedactionStream, "release" | "heldBytes"> {
  readonly #stream: RedactionStream;
  readonly #wariness: Wariness;
  /** What was searched and waits all the same. */
  #waiting: Uint8Array = NO_BYTES;
  /** How many bytes of an unfinished line have come. */
  #line = EVEN_BYTES;

  constructor(stream: RedactionStream, wariness: Wariness) {
    this.#stream = stream;
    this.#wariness = wariness;
  }

  get busy(): boolean {
    return this.#stream.busy;
  }

  get redacted(): boolean {
    return this.#stream.redacted;
  }

  push(chunk: Uint8Array, work?: number): Uint8Array {
    const stream = this.#stream, wary = this.#wariness.isWary;
    const out = stream.push(chunk, work);
    if (!wary) {
      if (!stream.busy) this.#wariness.paused(stream.heldBytes);
      return out;
    }
    this.#count(chunk);
    this.#waiting = joined(this.#waiting, out);
    return stream.busy ? NO_BYTES : this.#even();
  }

  end(work?: number): Uint8Array {
    const out = joined(this.#waiting, this.#stream.end(work));
    this.#waiting = this.#stream.busy ? out : NO_BYTES;
    return this.#stream.busy ? NO_BYTES : out;
  }

  #count(chunk: Uint8Array): void {
    const at = chunk.lastIndexOf(LINE_FEED);
    this.#line = Math.min(EVEN_BYTES, at < 0 ? this.#line + chunk.length : chunk.length - 1 - at);
  }

  /** Everything but the unfinished line; what may be a value's beginning is no exception, though the search for the rest goes on. */
  #even(): Uint8Array {
    if (this.#stream.heldBytes > this.#line) {
      this.#waiting = joined(this.#waiting, this.#stream.release(Infinity));
    }
    const count = Math.max(0, this.#waiting.length - Math.max(0, this.#line - this.#stream.heldBytes));
    const out = this.#waiting.subarray(0, count);
    // A copy: the rest must not keep a large chunk alive.
    this.#waiting = this.#waiting.slice(count);
    return out;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.length === 0 ? b : b.length === 0 ? a : concat(a, b);
}
