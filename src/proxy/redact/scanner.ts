/**
 * Runs one stream of bytes through an automaton. Memory: what is held back, at most one possible match (a few kilobytes for the
 * longest escapes of {@linkcode DECISIVE_BYTES}), and the chunk at hand.
 *
 * The bytes that belong to any match are replaced; matches that overlap are one. No byte outside a match is changed.
 *
 * @module
 */

import { concat } from "../../kernel/bytes.ts";
import type { Prefilter } from "./prefilter.ts";
import { type Automaton, DEAD, OPEN, START, type StateContent, type StateId } from "./automaton.ts";

const NO_BYTES = new Uint8Array(0);
/** Fewest bytes for which the prefilter is asked. */
const MANY_BYTES = 512;

/** What reading a byte costs where the automaton has been before, in its unit of work. */
const LOOKUP_WORK = 1 / 16;

/** Where a scan stands between two chunks; offsets count from the first byte held back. */
type Pause =
  | { readonly at: "search" }
  /** A match may have begun at the first byte held back; bytes before `next` were read. */
  | { readonly at: "candidate"; readonly next: number; readonly reached: StateContent }
  /** Inside a match, whose last `left` bytes are the first held back. */
  | { readonly at: "cover"; readonly left: number; readonly reached: StateContent }
  /** A match ends before the first byte held back, unless what was read since extends it: at least to `furthest`. */
  | {
    readonly at: "match";
    readonly next: number;
    readonly furthest: number;
    readonly reached: StateContent;
    readonly atEnd: StateContent;
  };

/** What a part of the scan ended with: go on searching at this offset, read that part of a match, or nothing more can be done now. */
type Progress =
  | { readonly searchFrom: number }
  | { readonly coverFrom: number; readonly end: number; readonly reached: StateContent }
  | Pause;

/** One stream. */
export class Scanner {
  readonly #automaton: Automaton;
  readonly #marker: Uint8Array;
  #held: Uint8Array = NO_BYTES;
  /** How many of the bytes held back have gone out all the same. */
  #released = 0;
  #pause: Pause = { at: "search" };
  #redacted = false;
  // The chunk at hand: its bytes with those held back before it, what is done with so far, and what goes out.
  #bytes: Uint8Array = NO_BYTES;
  #last = false;
  #ended = false;
  #busy = false;
  /** The automaton's count of work at which this part of the scan stops. */
  #stopAt = Infinity;
  #done = 0;
  #out: Uint8Array[] = [];
  #prefilter: Prefilter | undefined;

  constructor(automaton: Automaton, marker: Uint8Array) {
    this.#automaton = automaton;
    this.#marker = marker;
  }

  /** Whether anything was replaced so far. */
  get redacted(): boolean {
    return this.#redacted;
  }

  /** Number of bytes held back. */
  get heldBytes(): number {
    return this.#held.length - this.#released;
  }

  /** Whether it stopped for the work that was too much: bytes that came are not searched yet. */
  get busy(): boolean {
    return this.#busy;
  }

  /**
   * Takes the next bytes and returns those that may go on.
   *
   * @param work Stop after about so much, in the automaton's unit; the rest is done by further calls, with no bytes if need be.
   */
  push(chunk: Uint8Array, work: number = Infinity): Uint8Array {
    if (this.#last) throw new TypeError("Cannot redact after the end of a stream");
    return this.#scan(chunk, work);
  }

  /** No more bytes: returns what was held back in vain. With a limit of `work`, to be called again while {@linkcode busy}. */
  end(work: number = Infinity): Uint8Array {
    if (this.#ended) throw new TypeError("Cannot redact after the end of a stream");
    this.#last = true;
    const rest = this.#scan(NO_BYTES, work);
    this.#ended = !this.#busy;
    return rest;
  }

  /** Lets go of what is held back when that is at most `maxBytes`; the search goes on as if it were still held. */
  release(maxBytes: number): Uint8Array {
    // What was not searched yet may be a whole match.
    if (this.#busy || this.#held.length > maxBytes) return NO_BYTES;
    const out = this.#held.subarray(this.#released);
    this.#released = this.#held.length;
    return out;
  }

  #scan(chunk: Uint8Array, work: number): Uint8Array {
    if (this.#automaton.disposed) throw new TypeError("Cannot redact with a disposed redactor");
    this.#bytes = this.#held.length === 0 ? chunk : concat(this.#held, chunk);
    this.#done = 0;
    this.#out = [];
    this.#busy = false;
    this.#stopAt = this.#automaton.work + work;
    const length = this.#bytes.length;
    this.#prefilter = length < MANY_BYTES ? undefined : this.#automaton.prefilterFor(length);
    this.#prefilter?.begin(this.#bytes);
    let progress = this.#resume(this.#pause);
    while (!("at" in progress)) {
      progress = "searchFrom" in progress
        ? this.#search(progress.searchFrom)
        : this.#cover(progress.coverFrom, progress.end, this.#automaton.enter(progress.reached));
    }
    this.#pause = progress;
    // A copy: the tail must not keep a large chunk alive.
    this.#held = this.#done === this.#bytes.length ? NO_BYTES : this.#bytes.slice(this.#done);
    this.#released = Math.max(0, this.#released - this.#done);
    const out = this.#out.length === 1 ? this.#out[0]! : concat(...this.#out);
    this.#prefilter?.end();
    this.#bytes = NO_BYTES;
    this.#out = [];
    return out;
  }

  #resume(pause: Pause): Progress {
    switch (pause.at) {
      case "search":
        return this.#search(0);
      case "candidate":
        return this.#search(0, pause.next, this.#automaton.enter(pause.reached));
      case "cover":
        return this.#cover(0, pause.left, this.#automaton.enter(pause.reached));
      case "match":
        return this.#extend(pause.next, 0, this.#automaton.enter(pause.reached), pause.atEnd, pause.furthest);
    }
  }

  /** Whether as much work was done as was allowed. */
  #isSpent(): boolean {
    if (this.#automaton.work >= this.#stopAt) this.#busy = true;
    return this.#busy;
  }

  /** Finds the next match that begins at `start` or later; bytes from `start` to `next` have led to `state` already. */
  #search(start: number, next: number = start, state: StateId = DEAD): Progress {
    const automaton = this.#automaton, bytes = this.#bytes;
    if (state === DEAD) next = start = this.#candidate(start);
    while (start < bytes.length) {
      if (state === DEAD) state = START;
      const from = next;
      for (; next < bytes.length; next++) {
        let to = automaton.table[state << 8 | bytes[next]!]!;
        if (to === 0) {
          if (this.#isSpent()) break;
          to = automaton.compute(state, bytes[next]!);
        }
        state = to;
        if (state === DEAD) break;
        if (automaton.accepting[state] === 1) return this.#replace(start, next + 1);
      }
      automaton.work += LOOKUP_WORK * (next - from);
      if (state !== DEAD && (this.#busy || !this.#last)) {
        this.#emit(start);
        return { at: "candidate", next: next - start, reached: automaton.content(state) };
      }
      state = DEAD;
      // The automaton died of these four bytes, or of fewer.
      if (next < start + 4 && start + 4 <= bytes.length) {
        this.#prefilter?.isHarmless(bytes[start]!, bytes[start + 1]!, bytes[start + 2]!, bytes[start + 3]!);
      }
      if (this.#isSpent()) {
        this.#emit(start + 1);
        return { at: "search" };
      }
      next = start = this.#candidate(start + 1);
    }
    this.#emit(bytes.length);
    return { at: "search" };
  }

  /** The first place from `at` on where a match may begin, or the number of bytes. */
  #candidate(at: number): number {
    const automaton = this.#automaton, pairs = automaton.pairs, bytes = this.#bytes, prefilter = this.#prefilter;
    const end = bytes.length - 1;
    if (at > end) return bytes.length;
    for (; at < end; at++) {
      if (prefilter !== undefined && (at = prefilter.next(at)) >= end) break;
      const pair = bytes[at]! << 8 | bytes[at + 1]!;
      if (pairs[pair] === 0) continue;
      if (pairs[pair] !== 1) automaton.learn(bytes[at]!);
      if (pairs[pair] === 1) return at;
    }
    return automaton.begins(bytes[end]!) ? end : bytes.length;
  }

  /** A match from `start` to `end` is certain. It is to be read again, now with threads that begin inside it. */
  #replace(start: number, end: number): Progress {
    this.#redacted = true;
    this.#emit(start);
    this.#out.push(this.#marker);
    return this.#cover(start, end, OPEN);
  }

  /** Reads from `next` to `end` inside a match, with all that begins there, and then on. */
  #cover(next: number, end: number, state: StateId): Progress {
    const automaton = this.#automaton, bytes = this.#bytes;
    const from = next, stop = this.#isSpent() ? next : end;
    for (; next < stop; next++) {
      const to = automaton.table[state << 8 | bytes[next]!]!;
      if (to === 0 && this.#isSpent()) break;
      state = to || automaton.compute(state, bytes[next]!);
    }
    automaton.work += LOOKUP_WORK * (next - from);
    const reached = automaton.content(state);
    this.#done = next;
    if (next < end) return { at: "cover", left: end - next, reached };
    return this.#extend(end, end, automaton.enter(closed(reached)), reached, end);
  }

  /**
   * Reads on from `next` whether something that began before `end` reaches further: then the match ends there, and what begins
   * in the part that was added counts as well. `state` is closed; `atEnd` is what an open state was made of at `end`; it does reach
   * to `furthest`.
   */
  #extend(next: number, end: number, state: StateId, atEnd: StateContent, furthest: number): Progress {
    const automaton = this.#automaton, bytes = this.#bytes, from = next;
    for (; state !== DEAD && next < bytes.length; next++) {
      const to = automaton.table[state << 8 | bytes[next]!]!;
      if (to === 0 && this.#isSpent()) break;
      state = to || automaton.compute(state, bytes[next]!);
      if (automaton.accepting[state] === 1) furthest = next + 1;
    }
    automaton.work += LOOKUP_WORK * (next - from);
    this.#done = end;
    if (!this.#busy) {
      if (furthest > end) return { coverFrom: end, end: furthest, reached: atEnd };
      if (state === DEAD || this.#last) return { searchFrom: end };
    }
    return { at: "match", next: next - end, furthest: furthest - end, reached: automaton.content(state), atEnd };
  }

  /** Passes on everything up to `end` that has not gone out yet. */
  #emit(end: number): void {
    const from = Math.max(this.#done, this.#released);
    const all = from === 0 && end === this.#bytes.length;
    if (end > from) this.#out.push(all ? this.#bytes : this.#bytes.subarray(from, end));
    this.#done = end;
  }
}

/** The same threads, without new beginnings. */
function closed(content: StateContent): StateContent {
  return { ...content, open: false, accepts: false };
}
