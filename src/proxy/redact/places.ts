/**
 * Places: how far into the spelling of one symbol, or of one escaped character of that spelling, the bytes have come. Any
 * escape may be written in any other (`%5Cu0073`, `&amp;#115;`): two layers, in any mixture.
 *
 * Places depend on symbols only, not on secrets, and are few; where a byte leads from a place is computed once.
 *
 * @module
 */

import { GAP, type Node, node } from "./graph.ts";
import { type GapKind, gapSpellings, spellings } from "./spellings.ts";
import { isLayered, type SymbolId, symbolSpellings } from "./symbols.ts";

/** A place's number, 1…{@linkcode PLACES}−1. */
export type PlaceId = number;

/** No table holds more places; far above what all symbols together need in practice. */
export const PLACES = 2 ** 21;

/** What one byte does at a place. */
export interface Outcome {
  /** Bit k (k ≥ 1) set: k positions are read. Bit 0 ({@linkcode GAP}): a gap is. */
  readonly ends: number;
  /** Places inside the same symbol that are alive now. */
  readonly places: readonly PlaceId[];
}

interface Place {
  readonly outer: Node;
  /** Inside the escape of the byte that leads to `outer`; undefined between bytes. */
  readonly inner: Node | undefined;
  readonly layered: boolean;
}

/** All places met so far. */
export class Places {
  readonly #places: (Place | undefined)[] = [undefined];
  readonly #ids = new Map<Node, Map<Node | undefined, PlaceId>>();
  readonly #outcomes = new Map<number, Outcome | undefined>();
  readonly #symbols = new Map<SymbolId, PlaceId>();
  readonly #gaps = new Map<GapKind, PlaceId>();
  readonly #characters = new Map<number, Node>();
  readonly #plain = new Map<number, Node>();

  /** The place before the first byte of `symbol`. */
  ofSymbol(symbol: SymbolId): PlaceId {
    let id = this.#symbols.get(symbol);
    if (id === undefined) {
      id = this.#intern({ outer: symbolSpellings(symbol), inner: undefined, layered: isLayered(symbol) });
      this.#symbols.set(symbol, id);
    }
    return id;
  }

  /** The place before the first byte of a gap. */
  ofGap(kind: GapKind): PlaceId {
    let id = this.#gaps.get(kind);
    if (id === undefined) {
      id = this.#intern({ outer: gapSpellings(kind), inner: undefined, layered: true });
      this.#gaps.set(kind, id);
    }
    return id;
  }

  /** Where `byte` leads from `place`; undefined when nowhere. */
  outcome(place: PlaceId, byte: number): Outcome | undefined {
    const key = place * 256 + byte;
    const known = this.#outcomes.get(key);
    if (known !== undefined || this.#outcomes.has(key)) return known;
    const outcome = this.#compute(this.#places[place]!, byte);
    this.#outcomes.set(key, outcome);
    return outcome;
  }

  /** The bytes that lead somewhere from `place`, some perhaps twice. */
  *bytesFrom(place: PlaceId): Generator<number> {
    const { outer, inner, layered } = this.#places[place]!;
    if (inner !== undefined) {
      yield* inner.edges.keys();
      return;
    }
    for (const [byte, next] of outer.edges) yield* this.#inside(byte, next, layered).edges.keys();
  }

  #compute(place: Place, byte: number): Outcome | undefined {
    const places: PlaceId[] = [];
    let ends = 0;
    const reach = (outer: Node, inner: Node | undefined): void => {
      if (inner === undefined) return;
      if (inner.ends !== 0) {
        ends |= outer.ends;
        if (outer.edges.size > 0) places.push(this.#intern({ outer, inner: undefined, layered: place.layered }));
      }
      if (inner.edges.size > 0) places.push(this.#intern({ outer, inner, layered: place.layered }));
    };
    if (place.inner !== undefined) {
      reach(place.outer, place.inner.edges.get(byte));
    } else {
      for (const [expected, next] of place.outer.edges) {
        reach(next, this.#inside(expected, next, place.layered).edges.get(byte));
      }
    }
    return ends === 0 && places.length === 0 ? undefined : { ends, places: [...new Set(places)] };
  }

  /** The spellings of `byte` where it leads to `next`. */
  #inside(byte: number, next: Node, layered: boolean): Node {
    // The escapes of a plain byte are already spellings of its symbol: one layer of them is enough.
    const escaped = layered && byte < 0x80 && !(next.plain && next.edges.size === 0);
    const cache = escaped ? this.#characters : this.#plain;
    let root = cache.get(byte);
    if (root === undefined) {
      root = escaped ? spellings({ bytes: [byte] }) : node();
      if (!escaped) root.edges.set(byte, node(2));
      cache.set(byte, root);
    }
    return root;
  }

  #intern(place: Place): PlaceId {
    let inner = this.#ids.get(place.outer);
    if (inner === undefined) this.#ids.set(place.outer, inner = new Map());
    let id = inner.get(place.inner);
    if (id === undefined) {
      id = this.#places.length;
      if (id >= PLACES) throw new RangeError("Too many places");
      this.#places.push(place);
      inner.set(place.inner, id);
    }
    return id;
  }
}

/** Whether an outcome ends a gap. */
export function endsGap(outcome: Outcome): boolean {
  return (outcome.ends & GAP) !== 0;
}
