/**
 * Places: how far into the spelling of one symbol, or of one escaped character of that spelling, the bytes have come. Any
 * escape may be written in any other (`%5Cu0073`, `&amp;#115;`): two layers, in any mixture.
 *
 * Where a byte leads from a place is computed once. Traffic can visit many places, so a table of them is thrown away when it has
 * grown large; {@linkcode Places.translate} carries places over into the next one.
 *
 * @module
 */

import { GAP, Node } from "./graph.ts";
import { type GapKind, gapSpellings, spellings } from "./spellings.ts";
import { isLayered, type SymbolId, symbolSpellings } from "./symbols.ts";

/** A place's number, 1…{@linkcode PLACES}−1. */
export type PlaceId = number;

/** No table holds as many places. */
export const PLACES = 2 ** 21;

/** A rounded-up mean. */
const NODES_OF_A_SYMBOL = 50;

/** What one byte does at a place. */
export interface Outcome {
  /** Bit k (k ≥ 1) set: k positions are read. Bit 0 ({@linkcode GAP}): a gap is. */
  readonly ends: number;
  /** Places inside the same symbol that are alive now. */
  readonly places: readonly PlaceId[];
}

interface Place {
  readonly source: SymbolId | GapKind;
  readonly outer: Node;
  /** Inside the escape of `byte`, which leads to `outer`; undefined between the bytes of a spelling. */
  readonly inner: Node | undefined;
  readonly byte: number;
}

/** A table of the places met so far. */
export class Places {
  readonly #places: (Place | undefined)[] = [undefined];
  readonly #ids = new Map<Node, Map<Node | undefined, PlaceId>>();
  readonly #outcomes = new Map<number, Outcome>();
  readonly #roots = new Map<SymbolId | GapKind, Node>();
  readonly #escaped = new Map<number, Node>();
  readonly #plain = new Map<number, Node>();

  /** How much it holds, in entries of any kind. */
  get size(): number {
    return this.#roots.size * NODES_OF_A_SYMBOL + this.#places.length + this.#outcomes.size;
  }

  /** The place before the first byte of a symbol or gap. */
  start(source: SymbolId | GapKind): PlaceId {
    return this.#intern(source, this.#root(source), undefined, 0);
  }

  /** Where `byte` leads from `place`; undefined when nowhere. */
  outcome(place: PlaceId, byte: number): Outcome | undefined {
    const key = place * 256 + byte;
    const known = this.#outcomes.get(key);
    if (known !== undefined) return known;
    const outcome = this.#compute(this.#places[place]!, byte);
    // Most bytes lead nowhere from most places: that is found out fast and not worth a note.
    if (outcome !== undefined) this.#outcomes.set(key, outcome);
    return outcome;
  }

  /** The bytes that lead somewhere from `place`, some perhaps twice. */
  *bytesFrom(place: PlaceId): Generator<number> {
    const { source, outer, inner } = this.#places[place]!;
    if (inner !== undefined) yield* inner.edges.keys();
    else for (const [byte, next] of outer.edges) yield* this.#inside(source, byte, next).edges.keys();
  }

  /** The same place as `place` of another table. */
  translate(place: PlaceId, from: Places): PlaceId {
    const { source, outer, inner, byte } = from.#places[place]!;
    const node = this.#root(source).follow(outer.path());
    const within = inner === undefined ? undefined : this.#inside(source, byte, node).follow(inner.path());
    return this.#intern(source, node, within, byte);
  }

  #compute(place: Place, byte: number): Outcome | undefined {
    const { source, outer, inner } = place;
    const places: PlaceId[] = [];
    let ends = 0;
    const reach = (to: Node, within: Node | undefined, through: number): void => {
      if (within === undefined) return;
      if (within.ends !== 0) {
        ends |= to.ends;
        if (to.edges.size > 0) places.push(this.#intern(source, to, undefined, 0));
      }
      if (within.edges.size > 0) places.push(this.#intern(source, to, within, through));
    };
    if (inner !== undefined) {
      reach(outer, inner.edges.get(byte), place.byte);
    } else {
      for (const [expected, next] of outer.edges) {
        reach(next, this.#inside(source, expected, next).edges.get(byte), expected);
      }
    }
    return ends === 0 && places.length === 0 ? undefined : { ends, places: [...new Set(places)] };
  }

  /** The spellings of `byte` where it leads to `next`. */
  #inside(source: SymbolId | GapKind, byte: number, next: Node): Node {
    const layered = typeof source === "string" || isLayered(source);
    // The escapes of a plain byte are already spellings of its symbol: one layer of them is enough.
    const escaped = layered && byte < 0x80 && !(next.plain && next.edges.size === 0);
    const cache = escaped ? this.#escaped : this.#plain;
    let root = cache.get(byte);
    if (root === undefined) {
      cache.set(byte, root = escaped ? spellings({ bytes: [byte] }) : new Node());
      if (!escaped) root.add([byte], 2);
    }
    return root;
  }

  #root(source: SymbolId | GapKind): Node {
    let root = this.#roots.get(source);
    if (root === undefined) {
      this.#roots.set(source, root = typeof source === "string" ? gapSpellings(source) : symbolSpellings(source));
    }
    return root;
  }

  #intern(source: SymbolId | GapKind, outer: Node, inner: Node | undefined, byte: number): PlaceId {
    let ids = this.#ids.get(outer);
    if (ids === undefined) this.#ids.set(outer, ids = new Map());
    let id = ids.get(inner);
    if (id === undefined) {
      id = this.#places.length;
      if (id >= PLACES) throw new RangeError("Too many places");
      this.#places.push({ source, outer, inner, byte });
      ids.set(inner, id);
    }
    return id;
  }
}

/** Whether an outcome ends a gap. */
export function endsGap(outcome: Outcome): boolean {
  return (outcome.ends & GAP) !== 0;
}
