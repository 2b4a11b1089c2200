/**
 * A quick look at bytes in which no match can begin, four at a time (the q-gram idea of Wu and Manber). Every match is at
 * least eight bytes long, so of any match that begins at one of four places before the end of an aligned word, the word itself is read
 * whole. Either an escape character stands in it or in the word before, or it is one of the words with which some needle begins when it
 * is spelled plainly. If neither, or if it has a byte that no spelling has, none of the four places begins a match.
 *
 * @module
 */

import type { Needle } from "./forms.ts";
import { GAP, type Node } from "./graph.ts";
import { type GapKind, gapSpellings } from "./spellings.ts";
import { plainBytes, type SymbolId, symbolSpellings } from "./symbols.ts";

/** Every spelling that is not plain has one of these; line breaks too, as gaps with all their indentation are many words. */
const SPECIAL: ReadonlySet<number> = new Set([0x0a, 0x0d, ...Array.from("%&=\\", (c) => c.charCodeAt(0))]);
/** Bytes of escapes, besides what they stand for. */
const ESCAPES = /^[0-9A-Za-z{}#;&%\\=+ \t\r\n]$/;
const IS_SPECIAL = 1, IS_IMPOSSIBLE = 2;
/** Bytes of a match that one of the four places, and the word after it, can reach. */
const PREFIX_BYTES = 7;
/** log₂ of the number of bits that words are hashed to: 256 KiB. */
const HASH_BITS = 21;
const MULTIPLIER = 0x9e3779b1;
/** Upper and lower case of letters fall together: hex comes in both. */
const FOLD = 0x20202020;

/** A plain way to read a symbol or gap: its bytes, and how many positions they are; 0 for a gap. */
interface Plain {
  readonly bytes: readonly number[];
  readonly positions: number;
}

/** The prefilter of one set of needles. */
export class Prefilter {
  /** `kinds[u16]`: {@linkcode IS_SPECIAL} or {@linkcode IS_IMPOSSIBLE}, or both, when one of the two bytes is. */
  readonly #kinds: Uint8Array;
  /** One bit for each hash of a word that begins a needle. */
  readonly #words = new Uint8Array(2 ** (HASH_BITS - 3));

  constructor(needles: readonly Needle[]) {
    const bytes = new Uint8Array(4);
    const word = new Uint32Array(bytes.buffer);
    const plain = new PlainSpellings();
    const possible = new Set(
      Array.from({ length: 256 }, (_, b) => b).filter((b) => ESCAPES.test(String.fromCharCode(b))),
    );
    for (const needle of needles) {
      plain.bytesOf(needle).forEach((byte) => possible.add(byte));
      plain.prefixes(needle, (prefix) => {
        bytes.set(prefix.slice(-4));
        const hash = Math.imul(word[0]! | FOLD, MULTIPLIER) >>> (32 - HASH_BITS);
        this.#words[hash >>> 3]! |= 1 << (hash & 7);
      });
    }
    this.#kinds = pairKinds((byte) => (SPECIAL.has(byte) ? IS_SPECIAL : 0) | (possible.has(byte) ? 0 : IS_IMPOSSIBLE));
  }

  /**
   * A place at or after `at` before which no match begins. `words`: the aligned words of the bytes, the first of which begins
   * `lead` bytes into them.
   */
  skip(words: Uint32Array, lead: number, at: number): number {
    const kinds = this.#kinds, known = this.#words, first = (at - lead + 3) >> 2;
    if (first < 1 || first >= words.length) return at;
    let word = words[first - 1]!;
    let before = kinds[word & 0xffff]! | kinds[word >>> 16]!;
    for (let i = first; i < words.length; i++) {
      word = words[i]!;
      const here = kinds[word & 0xffff]! | kinds[word >>> 16]!;
      if (here < IS_IMPOSSIBLE) {
        const hash = Math.imul(word | FOLD, MULTIPLIER) >>> (32 - HASH_BITS);
        const isBeginning = known[hash >>> 3]! >>> (hash & 7) & 1;
        if (((before | here) & IS_SPECIAL | isBeginning) !== 0) return Math.max(at, lead + 4 * i - 3);
      }
      before = here;
    }
    return lead + 4 * words.length - 3;
  }
}

function pairKinds(kindOf: (byte: number) => number): Uint8Array {
  const kinds = Uint8Array.from({ length: 256 }, (_, byte) => kindOf(byte));
  return Uint8Array.from({ length: 65536 }, (_, pair) => kinds[pair & 0xff]! | kinds[pair >>> 8]!);
}

/** Reads the plain spellings out of the graphs of all spellings, so that the two cannot disagree. */
class PlainSpellings {
  readonly #symbols = new Map<SymbolId, readonly Plain[]>();
  readonly #gaps = new Map<GapKind, readonly Plain[]>();

  /** Calls `use` with each plainly spelled beginning of `needle` of 4…{@linkcode PREFIX_BYTES} bytes. */
  prefixes(needle: Needle, use: (prefix: readonly number[]) => void): void {
    const extend = (prefix: readonly number[], at: number, afterGap: boolean): void => {
      if (prefix.length >= PREFIX_BYTES || at >= needle.length) return;
      const gap = !afterGap && at > 0 && needle.gap !== undefined && needle.gapBefore(at) ? needle.gap : undefined;
      const gaps = gap === undefined ? [] : this.#gap(gap);
      const symbols = gap !== undefined && needle.gapNeeded ? [] : this.#symbol(needle.symbolAt(at));
      for (const { bytes, positions } of [...gaps, ...symbols]) {
        const longer = prefix.slice();
        for (const byte of bytes) {
          // A special byte ends the plain part; the word that holds it is looked at anyway.
          if (SPECIAL.has(byte) || longer.length === PREFIX_BYTES) break;
          longer.push(byte);
          if (longer.length >= 4) use(longer);
        }
        if (longer.length === prefix.length + bytes.length) extend(longer, at + positions, positions === 0);
      }
    };
    extend([], 0, false);
  }

  /** All bytes in plain spellings of the first positions and of the gaps between them. */
  bytesOf(needle: Needle): readonly number[] {
    const positions = Array.from({ length: Math.min(needle.length, PREFIX_BYTES) }, (_, at) => needle.symbolAt(at));
    const gaps = needle.gap === undefined ? [] : this.#gap(needle.gap);
    return [...positions.flatMap(plainBytes), ...gaps.flatMap(({ bytes }) => bytes)];
  }

  #symbol(symbol: SymbolId): readonly Plain[] {
    let known = this.#symbols.get(symbol);
    if (known === undefined) this.#symbols.set(symbol, known = plainPaths(symbolSpellings(symbol)));
    return known;
  }

  #gap(kind: GapKind): readonly Plain[] {
    let known = this.#gaps.get(kind);
    if (known === undefined) this.#gaps.set(kind, known = plainPaths(gapSpellings(kind)));
    return known;
  }
}

/** All paths from `root` without a special byte but the last, once for both cases of a letter. */
function plainPaths(root: Node): readonly Plain[] {
  const found = new Map<string, Plain>();
  const walk = (from: Node, bytes: readonly number[]): void => {
    for (const [byte, next] of from.edges) {
      const longer = [...bytes, byte];
      const note = (positions: number): void => {
        found.set(`${longer.map((b) => b | 0x20)};${positions}`, { bytes: longer, positions });
      };
      if (next.ends & GAP) note(0);
      for (let positions = 1; positions <= 4; positions++) if (next.ends >> positions & 1) note(positions);
      // Where a special byte follows, the plain part before it still counts.
      if (SPECIAL.has(byte) || longer.length >= PREFIX_BYTES) {
        if (next.ends === 0) note(1);
      } else walk(next, longer);
    }
  };
  walk(root, []);
  return [...found.values()];
}
