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
import { NeedleSet, positionOf, type Sink, type Thread } from "./needle_set.ts";

/** A state's number. Valid until the automaton starts again: see {@linkcode Automaton.generation}. */
export type StateId = number;

/** Nothing alive. */
export const DEAD: StateId = 1;
/** Before the first byte of a possible match. */
export const START: StateId = 2;
/** Inside a match, nothing else alive. */
export const OPEN: StateId = 3;

/** How much an automaton may remember before it starts again. */
export interface AutomatonLimits {
  /** States, at least 5. A row of the table is 256 × 4 bytes. */
  readonly maxStates: number;
  /** Threads in all states together, 8 bytes each. */
  readonly maxThreads: number;
}

/** 8 MiB of table and 16 MiB of threads at most. */
const LIMITS: AutomatonLimits = { maxStates: 8192, maxThreads: 2_000_000 };
/** States with more threads than this are not looked up by content: they occur only right after a first escape character. */
const MAX_KEYED_THREADS = 512;
/** Positions of one needle alive in an open state. More occur only in a value that repeats itself; the oldest threads stay. */
const MAX_OVERLAPS = 24;

/** What a state is made of; outlives the automaton's starting again. */
export interface StateContent {
  readonly threads: readonly Thread[];
  readonly open: boolean;
  readonly accepts: boolean;
}

const NOTHING: StateContent = { threads: [], open: false, accepts: false };

/** The automaton of one set of needles. */
export class Automaton {
  /** `pairs[a * 256 + b]`: a match may begin with bytes a, b. */
  readonly pairs = new Uint8Array(65536);
  /** `singles[a]`: a match may begin with byte a. */
  readonly singles = new Uint8Array(256);
  /** `table[state * 256 + byte]`: the next state, or 0 when not computed yet. Replaced when it grows. */
  table = new Int32Array(256 * 64);
  /** `accepting[state]`: what was read up to here is a match. */
  readonly accepting: Uint8Array;
  /** Counts how often all states were forgotten. */
  generation = 0;

  readonly #limits: AutomatonLimits;
  readonly #set: NeedleSet;
  #disposed = false;
  #contents: StateContent[] = [];
  #ids = new Map<string, StateId>();
  #threadCount = 0;

  constructor(needles: readonly Needle[], limits: AutomatonLimits = LIMITS) {
    this.#limits = limits;
    this.accepting = new Uint8Array(limits.maxStates);
    this.#set = new NeedleSet(needles);
    this.#set.prefixes((byte) => this.singles[byte] = 1, (a, b) => this.pairs[a << 8 | b] = 1);
    this.#restart();
  }

  /** Whether {@linkcode dispose} was called: the needles can no longer be read. */
  get disposed(): boolean {
    return this.#disposed;
  }

  /** Forgets all states. */
  dispose(): void {
    this.#disposed = true;
    this.#restart();
  }

  /** What `state` is made of. */
  content(state: StateId): StateContent {
    return this.#contents[state]!;
  }

  /** The state made of `content`. May start the automaton again. */
  enter(content: StateContent): StateId {
    const { threads, open, accepts } = content;
    if (threads.length === 0 && !accepts) return open ? OPEN : DEAD;
    if (threads.length > MAX_KEYED_THREADS) return this.#add(content);
    const key = `${open ? "o" : "c"}${accepts ? "a" : "-"}${threads.join()}`;
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.#add(content);
      this.#ids.set(key, id);
    }
    return id;
  }

  /** Computes and notes where `byte` leads from `state`. Afterwards `table` may be another array and `state` forgotten. */
  compute(state: StateId, byte: number): StateId {
    const { threads, open } = this.content(state);
    const collector = new Collector();
    for (const thread of threads) this.#set.advance(thread, byte, collector);
    if (open || state === START) this.#set.begin(byte, collector);
    const kept = open ? this.#oldest(collector.threads) : collector.threads;
    const generation = this.generation;
    const next = this.enter({ threads: kept, open, accepts: collector.accepts });
    if (generation === this.generation) this.table[state * 256 + byte] = next;
    return next;
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
    const { maxStates, maxThreads } = this.#limits;
    if (this.#contents.length >= maxStates || this.#threadCount > maxThreads) this.#restart();
    const id = this.#contents.length;
    this.#contents.push(content);
    this.#threadCount += content.threads.length;
    this.accepting[id] = content.accepts ? 1 : 0;
    if (this.#contents.length * 256 > this.table.length) {
      const larger = new Int32Array(this.table.length * 2);
      larger.set(this.table);
      this.table = larger;
    }
    return id;
  }

  #restart(): void {
    this.generation++;
    this.#ids = new Map();
    this.#threadCount = 0;
    this.#contents = [NOTHING, NOTHING, NOTHING, { ...NOTHING, open: true }];
    this.table.fill(0);
    this.table.fill(DEAD, DEAD * 256, DEAD * 256 + 256);
    this.accepting.fill(0);
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
