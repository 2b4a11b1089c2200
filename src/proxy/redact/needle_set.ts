/**
 * All needles side by side: every position of every needle has one number, and a {@linkcode Thread} is one way to have read
 * the bytes so far.
 *
 * @module
 */

import type { Needle } from "./forms.ts";
import { endsGap, type Outcome, type PlaceId, PLACES, Places } from "./places.ts";

/** A position and a place: `position * PLACES + place`; place 0 stands between symbols. Exact below 2⁵³. */
export type Thread = number;

/** The position of a thread, in the common numbering. */
export function positionOf(thread: Thread): number {
  return Math.floor(thread / PLACES);
}

/** Receives the threads that one byte leads to. */
export interface Sink {
  /** One more way to go on. */
  add(thread: Thread): void;
  /** What was read up to and with this byte is a match. */
  found(): void;
}

/** Needles with their common numbering. */
export class NeedleSet {
  readonly needles: readonly Needle[];
  readonly #places = new Places();
  /** First position number of each needle, and the end. */
  readonly #bases: readonly number[];
  /** Needles that begin with the same symbol, by the place before that symbol. */
  readonly #beginnings: ReadonlyMap<PlaceId, readonly number[]>;

  constructor(needles: readonly Needle[]) {
    this.needles = needles;
    const bases = [0];
    for (const needle of needles) bases.push(bases.at(-1)! + needle.length);
    // Positions stay below 2³¹, so that position and place fit one exact number together.
    if (bases.at(-1)! >= 2 ** 31) throw new RangeError("Too many secrets");
    this.#bases = bases;
    this.#beginnings = Map.groupBy(needles.keys(), (k) => this.#places.ofSymbol(needles[k]!.symbolAt(0)));
  }

  /** Number of the needle that a thread reads. */
  owner(thread: Thread): number {
    const position = positionOf(thread);
    let low = 0, high = this.needles.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.#bases[middle]! <= position) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Threads that begin with `byte`. */
  begin(byte: number, sink: Sink): void {
    for (const [place, owners] of this.#beginnings) {
      const outcome = this.#places.outcome(place, byte);
      if (outcome === undefined) continue;
      for (const owner of owners) this.#follow(owner, 0, outcome, sink);
    }
  }

  /** Where `byte` takes a thread. */
  advance(thread: Thread, byte: number, sink: Sink): void {
    const owner = this.owner(thread);
    const at = positionOf(thread) - this.#bases[owner]!;
    for (const place of this.#placesOf(owner, at, thread % PLACES)) {
      const outcome = this.#places.outcome(place, byte);
      if (outcome !== undefined) this.#follow(owner, at, outcome, sink);
    }
  }

  /** Every pair of bytes with which a match can begin goes to `pair`; every first byte to `single`. */
  prefixes(single: (byte: number) => void, pair: (first: number, second: number) => void): void {
    for (const [place, owners] of this.#beginnings) {
      for (const first of new Set(this.#places.bytesFrom(place))) {
        single(first);
        const outcome = this.#places.outcome(place, first)!;
        for (const next of outcome.places) {
          for (const second of this.#places.bytesFrom(next)) pair(first, second);
        }
        for (const at of positionsRead(outcome)) {
          for (const next of new Set(owners.flatMap((owner) => this.#placesOf(owner, at, 0)))) {
            for (const second of this.#places.bytesFrom(next)) pair(first, second);
          }
        }
      }
    }
  }

  #follow(owner: number, at: number, outcome: Outcome, sink: Sink): void {
    const needle = this.needles[owner]!;
    const base = this.#bases[owner]!;
    for (const place of outcome.places) sink.add((base + at) * PLACES + place);
    for (const read of positionsRead(outcome)) {
      if (at + read >= needle.decisive) sink.found();
      if (at + read < needle.length) sink.add((base + at + read) * PLACES);
    }
    // After a gap the symbol itself must follow: no second gap, so that blanks cannot keep a match alive for ever.
    if (endsGap(outcome)) sink.add((base + at) * PLACES + this.#places.ofSymbol(needle.symbolAt(at)));
  }

  /** The places to go on from; between symbols both the next symbol and a gap. */
  #placesOf(owner: number, at: number, place: PlaceId): readonly PlaceId[] {
    if (place !== 0) return [place];
    const needle = this.needles[owner]!;
    const symbol = this.#places.ofSymbol(needle.symbolAt(at));
    if (needle.gap === undefined || at === 0 || !needle.gapBefore(at)) return [symbol];
    const gap = this.#places.ofGap(needle.gap);
    return needle.gapNeeded ? [gap] : [symbol, gap];
  }
}

function positionsRead(outcome: Outcome): readonly number[] {
  return READ[outcome.ends >> 1]!;
}

/** The bits set in 0…15, as 1…4 positions. */
const READ: readonly (readonly number[])[] = Array.from(
  { length: 16 },
  (_, bits) => [1, 2, 3, 4].filter((positions) => bits >> (positions - 1) & 1),
);
