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
const NO_WORDS = new Uint32Array(0);
/** Bytes looked at one by one where the prefilter stopped: a word. */
const FEW_BYTES = 4;
/** Most such bytes before the prefilter is asked again, and fewest for which it is asked at all. */
const MANY_BYTES = 64;

/** Where a scan stands between two chunks; offsets count from the first byte held back. */
type Pause =
  | { readonly at: "search" }
  /** A match may have begun at the first byte held back; bytes before `next` were read. */
  | { readonly at: "candidate"; readonly next: number; readonly reached: StateContent }
  /** A match ends before the first byte held back, unless what was read since extends it. */
  | { readonly at: "match"; readonly next: number; readonly reached: StateContent; readonly atEnd: StateContent };

/** What a part of the scan ended with: go on searching at this offset, or everything was read. */
type Progress = { readonly searchFrom: number } | Pause;

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
  #done = 0;
  #out: Uint8Array[] = [];
  // The same bytes as words, the first of which begins #lead bytes into them.
  #prefilter: Prefilter | undefined;
  #words: Uint32Array = NO_WORDS;
  #lead = 0;

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

  /** Takes the next bytes and returns those that may go on. */
  push(chunk: Uint8Array): Uint8Array {
    return this.#scan(chunk);
  }

  /** No more bytes: returns what was held back in vain. */
  end(): Uint8Array {
    this.#last = true;
    const rest = this.#scan(NO_BYTES);
    this.#ended = true;
    return rest;
  }

  /** Lets go of what is held back when that is at most `maxBytes`; the search goes on as if it were still held. */
  release(maxBytes: number): Uint8Array {
    if (this.#held.length > maxBytes) return NO_BYTES;
    const out = this.#held.subarray(this.#released);
    this.#released = this.#held.length;
    return out;
  }

  #scan(chunk: Uint8Array): Uint8Array {
    if (this.#ended) throw new TypeError("Cannot redact after the end of a stream");
    if (this.#automaton.disposed) throw new TypeError("Cannot redact with a disposed redactor");
    this.#bytes = this.#held.length === 0 ? chunk : concat(this.#held, chunk);
    this.#done = 0;
    this.#out = [];
    this.#align();
    let progress = this.#resume(this.#pause);
    while ("searchFrom" in progress) progress = this.#search(progress.searchFrom);
    this.#pause = progress;
    // A copy: the tail must not keep a large chunk alive.
    this.#held = this.#done === this.#bytes.length ? NO_BYTES : this.#bytes.slice(this.#done);
    this.#released = Math.max(0, this.#released - this.#done);
    const out = this.#out.length === 1 ? this.#out[0]! : concat(...this.#out);
    this.#bytes = NO_BYTES;
    this.#words = NO_WORDS;
    this.#out = [];
    return out;
  }

  /** Lays aligned words over the bytes for the prefilter. */
  #align(): void {
    const { buffer, byteOffset, length } = this.#bytes;
    this.#prefilter = length < MANY_BYTES ? undefined : this.#automaton.prefilterFor(length);
    if (this.#prefilter === undefined) return;
    this.#lead = -byteOffset & 3;
    this.#words = new Uint32Array(buffer, byteOffset + this.#lead, (length - this.#lead) >> 2);
  }

  #resume(pause: Pause): Progress {
    switch (pause.at) {
      case "search":
        return this.#search(0);
      case "candidate":
        return this.#search(0, pause.next, this.#automaton.enter(pause.reached));
      case "match":
        return this.#extend(pause.next, 0, this.#automaton.enter(pause.reached), pause.atEnd);
    }
  }

  /** Finds the next match that begins at `start` or later; bytes from `start` to `next` have led to `state` already. */
  #search(start: number, next: number = start, state: StateId = DEAD): Progress {
    const automaton = this.#automaton, bytes = this.#bytes;
    if (state === DEAD) next = start = this.#candidate(start);
    while (start < bytes.length) {
      if (state === DEAD) state = START;
      for (; next < bytes.length; next++) {
        state = automaton.table[state << 8 | bytes[next]!] || automaton.compute(state, bytes[next]!);
        if (state === DEAD) break;
        if (automaton.accepting[state] === 1) return this.#replace(start, next + 1);
      }
      if (state !== DEAD && !this.#last) {
        this.#emit(start);
        return { at: "candidate", next: next - start, reached: automaton.content(state) };
      }
      state = DEAD;
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
    for (let window = FEW_BYTES; at < end;) {
      const from = prefilter?.skip(this.#words, this.#lead, at) ?? at;
      // Where the prefilter finds nothing to skip it is asked less often.
      window = from > at ? FEW_BYTES : Math.min(2 * window, MANY_BYTES);
      const stop = prefilter === undefined ? end : Math.min(from + window, end);
      for (at = from; at < stop; at++) {
        const pair = bytes[at]! << 8 | bytes[at + 1]!;
        if (pairs[pair] === 0) continue;
        if (pairs[pair] !== 1) automaton.learn(bytes[at]!);
        if (pairs[pair] === 1) return at;
      }
    }
    return automaton.begins(bytes[end]!) ? end : bytes.length;
  }

  /** A match from `start` to `end` is certain. Reads it again, now with threads that begin inside it. */
  #replace(start: number, end: number): Progress {
    this.#redacted = true;
    this.#emit(start);
    this.#out.push(this.#marker);
    const atEnd = this.#cover(start, end, OPEN);
    return this.#extend(end, end, this.#automaton.enter(closed(atEnd)), atEnd);
  }

  /** Reads from `next` to `end` inside a match, with all that begins there. */
  #cover(next: number, end: number, state: StateId): StateContent {
    const automaton = this.#automaton, bytes = this.#bytes;
    for (; next < end; next++) {
      state = automaton.table[state << 8 | bytes[next]!] || automaton.compute(state, bytes[next]!);
    }
    return automaton.content(state);
  }

  /**
   * Reads on from `next` whether something that began before `end` reaches further: then the match ends there, and what begins
   * in the part that was added counts as well. `state` is closed; `atEnd` is what an open state was made of at `end`.
   */
  #extend(next: number, end: number, state: StateId, atEnd: StateContent): Progress {
    const automaton = this.#automaton, bytes = this.#bytes;
    for (;;) {
      let furthest = end;
      for (; state !== DEAD && next < bytes.length; next++) {
        state = automaton.table[state << 8 | bytes[next]!] || automaton.compute(state, bytes[next]!);
        if (automaton.accepting[state] === 1) furthest = next + 1;
      }
      if (furthest === end) break;
      atEnd = this.#cover(end, furthest, automaton.enter(atEnd));
      next = end = furthest;
      state = automaton.enter(closed(atEnd));
    }
    this.#done = end;
    if (state === DEAD || this.#last) return { searchFrom: end };
    return { at: "match", next: next - end, reached: automaton.content(state), atEnd };
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
