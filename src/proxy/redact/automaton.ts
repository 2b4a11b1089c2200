/**
 * A deterministic automaton over all needles, built while it is used (subset construction; the idea of RE2's lazy DFA): one
 * table lookup a byte where it has been before. Its memory is bounded: when full it starts again.
 *
 * Two kinds of state. *Closed*: all threads began at one place in the bytes, so its death clears that place. *Open*: a match was
 * found and threads begin at every byte inside it, so that what overlaps it is found too.
 *
 * @module
 */

import type { Needle } from "./forms.ts";
import { NeedleSet, placeOf, positionOf, type Sink, type Thread } from "./needle_set.ts";
import type { PlaceId, Places } from "./places.ts";
import { Prefilter } from "./prefilter.ts";

/** A state's number. Valid until the next call of `enter` or `compute`, which may start the automaton again. */
export type StateId = number;

/** Nothing alive. */
export const DEAD: StateId = 1;
/** Before the first byte of a possible match. */
export const START: StateId = 2;
/** Inside a match, nothing else alive. */
export const OPEN: StateId = 3;

/** How much an automaton may remember before it starts again. */
export interface AutomatonLimits {
  /** States, 6…8192. A row of the table is 256 × 4 bytes. */
  readonly maxStates: number;
  /** Threads in all states together, 8 bytes each. */
  readonly maxThreads: number;
  /** Size of the table of places; some 100 bytes each. */
  readonly maxPlaces: number;
  /** Bytes of traffic from which on building a prefilter pays. */
  readonly prefilterAfterBytes: number;
}

/** Some 8 MiB of table, 16 of threads and 20 of places at most. */
const LIMITS: AutomatonLimits = {
  maxStates: 8000,
  maxThreads: 2_000_000,
  maxPlaces: 200_000,
  prefilterAfterBytes: 128 * 1024,
};
/** A computation adds at most this many states beyond the limit. */
const SLACK = 8;
/** States with more threads than this are not looked up by content: they occur only right after a first escape character. */
const MAX_KEYED_THREADS = 512;
/** Positions of one needle alive in an open state. More occur only in a value that repeats itself; the oldest threads stay. */
const MAX_OVERLAPS = 12;
/** From this many threads on, a state's threads are kept in groups as well. Their order is lost, which open states need. */
const FEW_THREADS = 40;
const NO_BYTE = -1;

type ByPlace = readonly (readonly [place: PlaceId, threads: readonly Thread[]])[];

/** What a state is made of; outlives the automaton's starting again. */
export interface StateContent {
  readonly threads: readonly Thread[];
  /** The table that the threads refer to. */
  readonly places: Places;
  /** Whether threads may begin. */
  readonly open: boolean;
  /** The last byte, when threads may have begun with it that are not among `threads` yet; otherwise −1. */
  readonly pending: number;
  /** Whether what was read is a match. */
  readonly accepts: boolean;
}

/** What is known of a pair of bytes. */
const UNKNOWN = 2;
/** What it costs to compute a state besides moving its threads, in the time that moving one takes. */
const STATE_WORK = 32;

/** The automaton of one set of needles. */
export class Automaton {
  /** `pairs[a * 256 + b]`: whether a match may begin with bytes a, b: 0, 1, or 2 when {@linkcode learn} was not asked yet. */
  readonly pairs = new Uint8Array(65536).fill(UNKNOWN);
  /** `table[state * 256 + byte]`: the next state, or 0 when not computed yet. Replaced when it grows. */
  table = new Int32Array(256 * 32);
  /** `accepting[state]`: what was read up to here is a match. */
  readonly accepting: Uint8Array;
  /** Work done so far: threads moved, and as much as that for each state; some tenths of a microsecond each. Scanners add theirs. */
  work = 0;

  /** States whose dead ends are noted in the table. */
  readonly #cleared: Uint8Array;
  readonly #limits: AutomatonLimits;
  readonly #needles: readonly Needle[];
  readonly #set: NeedleSet;
  #prefilter: Prefilter | undefined;
  #prefilterAsked = false;
  #scannedBytes = 0;
  #contents: StateContent[] = [];
  #ids = new Map<string, StateId>();
  #known = new Map<StateContent, StateId>();
  #grouped = new Map<StateId, ByPlace>();
  #threadCount = 0;
  #restarts = 0;
  #disposed = false;

  constructor(needles: readonly Needle[], limits: AutomatonLimits = LIMITS) {
    this.#limits = limits;
    this.#needles = needles;
    this.accepting = new Uint8Array(limits.maxStates + SLACK);
    this.#cleared = new Uint8Array(limits.maxStates + SLACK);
    this.#set = new NeedleSet(needles);
    this.#clear();
  }

  /** Whether {@linkcode dispose} was called: the needles can no longer be read. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** How often it started again. */
  get restarts(): number {
    return this.#restarts;
  }

  /** Counts `bytes` more of traffic and returns the prefilter once there was enough of it. */
  prefilterFor(bytes: number): Prefilter | undefined {
    this.#scannedBytes += bytes;
    if (this.#scannedBytes > this.#limits.prefilterAfterBytes && !this.#prefilterAsked) {
      this.#prefilterAsked = true;
      this.#prefilter = Prefilter.for(this.#needles, this.pairs);
    }
    return this.#prefilter;
  }

  /** Forgets all states. */
  dispose(): void {
    this.#disposed = true;
    this.#prefilter?.wipe();
    this.#prefilter = undefined;
    this.#set.renew();
    this.#clear();
  }

  /** What `state` is made of. */
  content(state: StateId): StateContent {
    return this.#contents[state]!;
  }

  /** The state made of `content`. */
  enter(content: StateContent): StateId {
    const known = this.#known.get(content);
    if (known !== undefined) return known;
    if (this.#isFull()) this.#restart();
    return this.#intern(content);
  }

  /** Computes and notes where `byte` leads from `state`. */
  compute(state: StateId, byte: number): StateId {
    if (this.#isFull()) {
      const content = this.content(state);
      this.#restart();
      if (state > OPEN) state = this.#intern(content);
    }
    return this.#step(state, byte);
  }

  /** Finds out with which bytes a match that begins with `first` may go on, and fills that row of `pairs`. */
  learn(first: number): void {
    const state = this.compute(START, first);
    if (state !== DEAD) this.#clearDeadEnds(state, 0);
    for (let second = 0; second < 256; second++) {
      this.pairs[first << 8 | second] = this.table[state << 8 | second] === DEAD ? 0 : 1;
    }
    this.#prefilter?.learn(first, this.pairs.subarray(first << 8, (first + 1) << 8));
  }

  /** Whether a match may begin with `byte`. */
  begins(byte: number): boolean {
    if (this.pairs[byte << 8] === UNKNOWN) this.learn(byte);
    return this.table[START << 8 | byte] !== DEAD;
  }

  #step(state: StateId, byte: number): StateId {
    const known = this.table[state << 8 | byte]!;
    if (known !== 0) return known;
    const { open, pending } = this.content(state);
    if (!open && pending === NO_BYTE && state !== START && this.#clearDeadEnds(state, byte)) return DEAD;
    const collector = new Collector();
    for (const [place, there] of this.#byPlace(state)) this.#set.advance(place, there, byte, collector);
    if (state === START) this.#set.begin(byte, collector);
    // What began with the byte before: read by a closed automaton of its own, so that only what survives two bytes is added.
    if (pending !== NO_BYTE) {
      for (const thread of this.content(this.#step(this.#step(START, pending), byte)).threads) collector.add(thread);
    }
    this.work += STATE_WORK + this.content(state).threads.length + collector.threads.length;
    const next = this.#intern({
      threads: open ? this.#oldest(collector.threads) : collector.threads,
      places: this.#set.places,
      open,
      pending: open && this.#step(START, byte) !== DEAD ? byte : NO_BYTE,
      accepts: collector.accepts,
    });
    return this.table[state << 8 | byte] = next;
  }

  /** Notes once for all bytes which of them lead nowhere from a closed state; whether `byte` is one of those. */
  #clearDeadEnds(state: StateId, byte: number): boolean {
    if (this.#cleared[state] === 1) return false;
    this.#cleared[state] = 1;
    const alive = this.#set.bytesFrom(new Set(this.#byPlace(state).map(([place]) => place)));
    for (let other = 0; other < 256; other++) if (!alive.has(other)) this.table[state << 8 | other] = DEAD;
    return !alive.has(byte);
  }

  /** The threads of a state by their place: where many are, few places are, and most places lead nowhere. */
  #byPlace(state: StateId): ByPlace {
    const { threads } = this.content(state);
    if (threads.length < FEW_THREADS) return threads.map((thread) => [placeOf(thread), [thread]]);
    let grouped = this.#grouped.get(state);
    if (grouped === undefined) this.#grouped.set(state, grouped = [...Map.groupBy(threads, placeOf)]);
    return grouped;
  }

  #intern(content: StateContent): StateId {
    const { open, pending, accepts, places } = content;
    if (content.threads.length === 0 && pending === NO_BYTE && !accepts) return open ? OPEN : DEAD;
    const threads = this.#set.translate(content.threads, places);
    const present = { threads, places: this.#set.places, open, pending, accepts };
    if (threads.length > MAX_KEYED_THREADS) return this.#add(present);
    const key = `${open ? "o" : "c"}${accepts ? "a" : "-"}${pending};${threads.join()}`;
    let id = this.#ids.get(key);
    if (id === undefined) this.#ids.set(key, id = this.#add(present));
    return id;
  }

  /** Threads are in the order of their beginnings; of each needle those at the first few positions stay. */
  #oldest(threads: readonly Thread[]): readonly Thread[] {
    if (threads.length <= MAX_OVERLAPS) return threads;
    const alive = new Map<number, Set<number>>();
    return threads.filter((thread) => {
      const owner = this.#set.owner(thread), position = positionOf(thread);
      const positions = alive.get(owner) ?? new Set();
      alive.set(owner, positions);
      if (positions.size < MAX_OVERLAPS) positions.add(position);
      return positions.has(position);
    });
  }

  #add(content: StateContent): StateId {
    const id = this.#contents.length;
    this.#contents.push(content);
    this.#known.set(content, id);
    this.#threadCount += content.threads.length;
    this.accepting[id] = content.accepts ? 1 : 0;
    if (this.#contents.length * 256 > this.table.length) {
      const larger = new Int32Array(this.table.length * 2);
      larger.set(this.table);
      this.table = larger;
    }
    return id;
  }

  #isFull(): boolean {
    const { maxStates, maxThreads, maxPlaces } = this.#limits;
    return this.#contents.length >= maxStates || this.#threadCount > maxThreads || this.#set.places.size > maxPlaces;
  }

  #restart(): void {
    this.#restarts++;
    if (this.#set.places.size > this.#limits.maxPlaces) this.#set.renew();
    this.#clear();
  }

  #clear(): void {
    const nothing = { threads: [], places: this.#set.places, open: false, pending: NO_BYTE, accepts: false };
    this.#contents = [nothing, nothing, nothing, { ...nothing, open: true }];
    this.#ids = new Map();
    this.#known = new Map();
    this.#grouped = new Map();
    this.#threadCount = 0;
    this.table.fill(0);
    this.table.fill(DEAD, DEAD << 8, (DEAD + 1) << 8);
    this.accepting.fill(0);
    this.#cleared.fill(0);
  }
}

/** Gathers threads once each, in order. */
class Collector implements Sink {
  readonly threads: Thread[] = [];
  accepts = false;
  #seen: Set<Thread> | undefined;

  add(thread: Thread): void {
    if (this.#seen === undefined) {
      if (this.threads.includes(thread)) return;
      if (this.threads.length >= 16) this.#seen = new Set(this.threads);
    } else if (this.#seen.has(thread)) return;
    this.#seen?.add(thread);
    this.threads.push(thread);
  }

  found(): void {
    this.accepts = true;
  }
}
