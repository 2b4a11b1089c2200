/**
 * All needles side by side: every position of every needle has one number, and a {@linkcode Thread} is one way to have read
 * the bytes so far. Needles that begin with the same symbol share their threads until that symbol is read.
 *
 * @module
 */

import type { Needle } from "./forms.ts";
import { endsGap, type Outcome, type PlaceId, PLACES, Places } from "./places.ts";
import type { SymbolId } from "./symbols.ts";

/** A position and a place: `position * PLACES + place`. Exact below 2⁵³. */
export type Thread = number;

/** Receives the threads that one byte leads to. */
export interface Sink {
  /** One more way to go on. */
  add(thread: Thread): void;
  /** What was read up to and with this byte is a match. */
  found(): void;
}

/** The position of a thread, in the common numbering. */
export function positionOf(thread: Thread): number {
  return Math.floor(thread / PLACES);
}

/** The place of a thread. */
export function placeOf(thread: Thread): PlaceId {
  return thread % PLACES;
}

/** The needles that begin with one symbol. */
interface Beginning {
  readonly symbol: SymbolId;
  readonly owners: readonly number[];
}

/** Needles with their common numbering. */
export class NeedleSet {
  readonly #needles: readonly Needle[];
  /** First position number of each needle, and the end; beginnings are numbered from there. */
  readonly #bases: readonly number[];
  readonly #end: number;
  readonly #beginnings: readonly Beginning[];
  /** Beginnings by the bytes that their spellings begin with: most bytes begin few of them. */
  readonly #byFirstByte: readonly (readonly number[])[];
  #places = new Places();

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
    const bases = [0];
    for (const needle of needles) bases.push(bases.at(-1)! + needle.length);
    this.#bases = bases;
    this.#end = bases.at(-1)!;
    const groups = Map.groupBy(needles.keys(), (owner) => needles[owner]!.symbolAt(0));
    this.#beginnings = Array.from(groups, ([symbol, owners]) => ({ symbol, owners }));
    this.#byFirstByte = this.#groupsByFirstByte();
    // Positions stay below 2³¹, so that position and place fit one exact number together.
    if (this.#end + this.#beginnings.length >= 2 ** 31) throw new RangeError("Too many secrets");
  }

  /** The table that threads refer to. */
  get places(): Places {
    return this.#places;
  }

  /** Throws the table of places away; threads made with the old one must be translated. */
  renew(): void {
    this.#places = new Places();
  }

  /** The same threads, made with `from`, in the present table. */
  translate(threads: readonly Thread[], from: Places): readonly Thread[] {
    if (from === this.#places) return threads;
    return threads.map((thread) => thread - placeOf(thread) + this.#places.translate(placeOf(thread), from));
  }

  /** Number of the needle that a thread reads; beginnings count from −1 down. */
  owner(thread: Thread): number {
    const position = positionOf(thread);
    if (position >= this.#end) return this.#end - position - 1;
    let low = 0, high = this.#needles.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#bases[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Threads that begin with `byte`. */
  begin(byte: number, sink: Sink): void {
    for (const group of this.#byFirstByte[byte]!) {
      const outcome = this.#places.outcome(this.#places.start(this.#beginnings[group]!.symbol), byte);
      if (outcome !== undefined) this.#followBeginning(group, outcome, sink);
    }
  }

  /** Where `byte` takes threads that are all at `place`. */
  advance(place: PlaceId, threads: readonly Thread[], byte: number, sink: Sink): void {
    const outcome = this.#places.outcome(place, byte);
    if (outcome === undefined) return;
    for (const thread of threads) {
      const owner = this.owner(thread);
      if (owner < 0) this.#followBeginning(-owner - 1, outcome, sink);
      else this.#follow(owner, positionOf(thread) - this.#bases[owner]!, outcome, sink);
    }
  }

  /** The bytes that lead somewhere from any of `places`. */
  bytesFrom(places: Iterable<PlaceId>): Set<number> {
    const bytes = new Set<number>();
    for (const place of places) for (const byte of this.#places.bytesFrom(place)) bytes.add(byte);
    return bytes;
  }

  #groupsByFirstByte(): number[][] {
    const groups = Array.from({ length: 256 }, (): number[] => []);
    this.#beginnings.forEach(({ symbol }, group) => {
      for (const byte of this.bytesFrom([this.#places.start(symbol)])) groups[byte]!.push(group);
    });
    return groups;
  }

  #followBeginning(group: number, outcome: Outcome, sink: Sink): void {
    for (const place of outcome.places) sink.add((this.#end + group) * PLACES + place);
    if (outcome.ends === 0) return;
    const ended: Outcome = { ends: outcome.ends, places: [] };
    for (const owner of this.#beginnings[group]!.owners) this.#follow(owner, 0, ended, sink);
  }

  #follow(owner: number, at: number, outcome: Outcome, sink: Sink): void {
    const needle = this.#needles[owner]!;
    const base = this.#bases[owner]! + at;
    for (const place of outcome.places) sink.add(base * PLACES + place);
    for (const read of READ[outcome.ends >> 1]!) {
      if (at + read >= needle.decisive) sink.found();
      if (at + read < needle.length) this.#between(needle, at + read, base + read, sink);
    }
    // After a gap the symbol itself must follow: no second gap, so that blanks cannot keep a match alive for ever.
    if (endsGap(outcome)) sink.add(base * PLACES + this.#places.start(needle.symbolAt(at)));
  }

  /** Between two symbols both the next symbol and a gap may come. */
  #between(needle: Needle, at: number, position: number, sink: Sink): void {
    const gap = needle.gap !== undefined && needle.gapBefore(at);
    if (gap) sink.add(position * PLACES + this.#places.start(needle.gap));
    if (!gap || !needle.gapNeeded) sink.add(position * PLACES + this.#places.start(needle.symbolAt(at)));
  }
}

/** The bits set in 0…15, as 1…4 positions. */
const READ: readonly (readonly number[])[] = Array.from(
  { length: 16 },
  (_, bits) => [1, 2, 3, 4].filter((positions) => bits >> (positions - 1) & 1),
);
