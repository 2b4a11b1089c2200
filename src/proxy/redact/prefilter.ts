/**
 * A quick look at bytes in which no match can begin, four at a time (the q-gram idea of Wu and Manber), by WebAssembly. Every match is
 * at least eight bytes long, so of any match that begins at one of four places before the end of an aligned word, the word itself is
 * read whole. Either an escape character stands in it or in the word before, or it is one of the words with which some needle begins
 * when it is spelled plainly. If neither, or if it has a byte that no spelling has, none of the four places begins a match. A place
 * that passes is still none when no match begins with its two bytes, or when the automaton was seen to die of its four.
 *
 * Its memory holds fingerprints of needles, words of traffic, and while a scan lasts some bytes of it: what is derived from values
 * lives as long as they do, {@linkcode Prefilter.wipe} clears it, and the bytes are cleared after each scan.
 *
 * @module
 */

import type { Needle } from "./forms.ts";
import { GAP, type Node } from "./graph.ts";
import {
  AT,
  FOLD,
  HARMLESS_BITS,
  HASH_BITS,
  MULTIPLIER,
  NOWHERE,
  PAGES,
  prefilterModule,
  WINDOW,
} from "./prefilter_code.ts";
import { type GapKind, gapSpellings } from "./spellings.ts";
import { plainBytes, type SymbolId, symbolSpellings } from "./symbols.ts";

/** Every spelling that is not plain has one of these; line breaks too, as gaps with all their indentation are many words. */
const SPECIAL: ReadonlySet<number> = new Set([0x0a, 0x0d, ...Array.from("%&=\\", (c) => c.charCodeAt(0))]);
/** Bytes of escapes, besides what they stand for. */
const ESCAPES = /^[0-9A-Za-z{}#;&%\\=+ \t\r\n]$/;
/** Bytes of a match that one of the four places, and the word after it, can reach. */
const PREFIX_BYTES = 7;
/** Fewer bytes than these are not worth the copy. */
const FEW_BYTES = 32;

/** A plain way to read a symbol or gap: its bytes, and how many positions they are; 0 for a gap. */
interface Plain {
  readonly bytes: readonly number[];
  readonly positions: number;
}

/** The prefilter of one set of needles. */
export class Prefilter {
  readonly #memory: Uint8Array;
  readonly #harmless: Int32Array;
  readonly #run: (from: number, end: number) => number;
  #bytes: Uint8Array = new Uint8Array(0);
  // What of the bytes is in the window, up to which place it tells, and how much of the window was ever written in this scan.
  #from = 0;
  #until = 0;
  #used = 0;

  private constructor(memory: WebAssembly.Memory, run: (from: number, end: number) => number) {
    this.#memory = new Uint8Array(memory.buffer);
    this.#harmless = new Int32Array(memory.buffer, AT.harmless, 2 ** HARMLESS_BITS);
    this.#run = run;
  }

  /**
   * Undefined where there is no memory for it, or no vectors (x64 processors of before 2008).
   *
   * @param pairs As in {@linkcode Prefilter.learn}, for all bytes.
   */
  static for(needles: readonly Needle[], pairs: Uint8Array): Prefilter | undefined {
    let prefilter: Prefilter;
    try {
      const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
      const instance = new WebAssembly.Instance(new WebAssembly.Module(prefilterModule(SPECIAL)), { io: { memory } });
      prefilter = new Prefilter(memory, instance.exports.run as (from: number, end: number) => number);
    } catch {
      return undefined;
    }
    prefilter.#memory.set(pairs, AT.pairs);
    // The word of zeros is looked for here: nothing but itself may look like it.
    prefilter.#harmless[0] = -1;
    prefilter.#note(needles);
    return prefilter;
  }

  /** Notes with which bytes a match that begins with `first` may go on: 0 for no, else perhaps; 256 of them. */
  learn(first: number, seconds: Uint8Array): void {
    this.#memory.set(seconds, AT.pairs + 256 * first);
  }

  /** No match begins with these four bytes. */
  isHarmless(a: number, b: number, c: number, d: number): void {
    const word = a | b << 8 | c << 16 | d << 24;
    this.#harmless[Math.imul(word, MULTIPLIER) >>> (32 - HARMLESS_BITS)] = word;
  }

  /** Begins to look at `bytes`, which must not change until {@linkcode end}. */
  begin(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#from = this.#until = 0;
  }

  /** A place at or after `at` before which no match begins. Near the end of the bytes it is `at` itself. */
  next(at: number): number {
    for (;;) {
      if (at < this.#from || at >= this.#until) {
        if (this.#bytes.length - at < FEW_BYTES) return at;
        this.#fill(at);
      }
      const shift = AT.window - this.#from;
      const found = this.#run(shift + at, shift + this.#until + 3);
      if (found !== NOWHERE && found - shift < this.#until) return found - shift;
      at = this.#until;
    }
  }

  /** Clears what was copied of the bytes. */
  end(): void {
    this.#memory.fill(0, AT.window, AT.window + this.#used);
    this.#bytes = new Uint8Array(0);
    this.#used = this.#from = this.#until = 0;
  }

  /** Clears everything. */
  wipe(): void {
    this.#memory.fill(0);
  }

  #fill(at: number): void {
    const piece = this.#bytes.subarray(at, at + WINDOW);
    this.#memory.set(piece, AT.window);
    this.#used = Math.max(this.#used, piece.length);
    this.#from = at;
    // The places of its last whole word are the last that can be told of.
    this.#until = at + (piece.length & ~3) - 3;
  }

  #note(needles: readonly Needle[]): void {
    const bytes = new Uint8Array(4), word = new Uint32Array(bytes.buffer);
    const plain = new PlainSpellings();
    const possible = new Set(
      Array.from({ length: 256 }, (_, b) => b).filter((b) => ESCAPES.test(String.fromCharCode(b))),
    );
    for (const needle of needles) {
      plain.bytesOf(needle).forEach((byte) => possible.add(byte));
      plain.prefixes(needle, (prefix) => {
        bytes.set(prefix.slice(-4));
        const hash = Math.imul(word[0]! | FOLD, MULTIPLIER) >>> (32 - HASH_BITS);
        this.#memory[AT.words + (hash >>> 3)]! |= 1 << (hash & 7);
      });
    }
    for (const byte of possible) {
      this.#memory[(byte < 0x80 ? AT.possibleLow : AT.possibleHigh) + (byte & 15)]! |= 1 << ((byte >>> 4) & 7);
    }
  }
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
        found.set(`${longer.map(caseFolded)};${positions}`, { bytes: longer, positions });
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

/** Letters in lower case; nothing else, so that no other two bytes fall together: `|` and a backslash would. */
function caseFolded(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}
