/**
 * A quick look at bytes in which no match can begin, by words of four (the q-gram idea of Wu and Manber), in WebAssembly. Every match
 * is at least seven bytes long, so of any match that begins at one of the four places up to an aligned word, the word itself is
 * read whole. Either an escape character stands in it or in the word before, or it is one of the words with which some needle begins
 * when it is spelled plainly. If neither, or if it has a byte that no spelling has, none of the four places begins a match. A place
 * that passes is still none when no match begins with its two bytes, or when the automaton was seen to die of its four; and four places
 * that do not pass are remembered by their eight bytes, which escape characters in the same surroundings come to again and again.
 *
 * Where no match is shorter than nineteen bytes and no escape character is near, one word in sixteen bytes tells as much: the first
 * nineteen bytes of a match hold one, whole and plain. Likewise one in eight for eleven bytes.
 *
 * Its memory holds fingerprints of needles, pieces of traffic of at most eight bytes, and while a scan lasts some bytes of it: what is
 * derived from values lives as long as they do, {@linkcode Prefilter.wipe} clears it, and the bytes are cleared after each scan.
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
  type Stride,
  WINDOW,
} from "./prefilter_code.ts";
import { type GapKind, gapSpellings } from "./spellings.ts";
import { plainBytes, type SymbolId, symbolSpellings } from "./symbols.ts";

/** Every spelling that is not plain has one of these; line breaks too, as gaps with all their indentation are many words. */
const SPECIAL: ReadonlySet<number> = new Set([0x0a, 0x0d, ...Array.from("%&=\\", (c) => c.charCodeAt(0))]);
/** Bytes of escapes, besides what they stand for. */
const ESCAPES = /^[0-9A-Za-z{}#;&%\\=+ \t\r\n]$/;
/** Bytes of a match, from its begin to the end of the next word that is looked up. */
const reach = (stride: Stride): number => stride + 3;
const LONGEST_REACH = reach(16);
/** Reading more beginnings as far as that would keep everything else waiting: some 50 µs each. */
const MANY_NEEDLES = 1000;
/** Fewer bytes than these are not worth the copy. */
const FEW_BYTES = 32;

/** A plain way to read a symbol or gap: its bytes, the last of them perhaps special, and how many positions they are; 0 for a gap. */
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
   * Undefined where a needle is too short (three characters of Asian scripts in UTF-16 are six bytes), and where there is no memory for it
   * or no vectors (x64 processors of before 2008).
   *
   * @param pairs As in {@linkcode Prefilter.learn}, for all bytes.
   */
  static for(needles: readonly Needle[], pairs: Uint8Array): Prefilter | undefined {
    const spellings = new PlainSpellings(needles), { stride } = spellings;
    if (stride === undefined) return undefined;
    let prefilter: Prefilter;
    try {
      const memory = new WebAssembly.Memory({ initial: PAGES, maximum: PAGES });
      const module = new WebAssembly.Module(prefilterModule(SPECIAL, stride));
      const instance = new WebAssembly.Instance(module, { io: { memory } });
      prefilter = new Prefilter(memory, instance.exports.run as (from: number, end: number) => number);
    } catch {
      return undefined;
    }
    prefilter.#memory.set(pairs, AT.pairs);
    // The word of zeros is looked for here: nothing but itself may look like it. A piece of zeros is never noted, so none is clean.
    prefilter.#harmless[0] = -1;
    prefilter.#memory.fill(0xff, AT.clean, AT.clean + 8);
    prefilter.#note(spellings, stride);
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

  #note(spellings: PlainSpellings, stride: Stride): void {
    spellings.words(stride, (word) => {
      const hash = Math.imul(word | FOLD, MULTIPLIER) >>> (32 - HASH_BITS);
      this.#memory[AT.words + (hash >>> 3)]! |= 1 << (hash & 7);
    });
    const possible = spellings.bytes();
    for (let byte = 0; byte < 256; byte++) if (ESCAPES.test(String.fromCharCode(byte))) possible.add(byte);
    for (const byte of possible) {
      this.#memory[(byte < 0x80 ? AT.possibleLow : AT.possibleHigh) + (byte & 15)]! |= 1 << ((byte >>> 4) & 7);
    }
  }
}

/** Reads the plain spellings of needles' beginnings out of the graphs of all spellings, so that the two cannot disagree. */
class PlainSpellings {
  /** The widest with which no match is missed; undefined where even the closest would miss some. */
  readonly stride: Stride | undefined;
  readonly #needles: readonly Needle[];
  readonly #symbols = new Map<SymbolId, readonly Plain[]>();
  readonly #gaps = new Map<GapKind, readonly Plain[]>();
  /** The words that end with a match's fourth, fifth … byte. */
  readonly #words: readonly number[][] = Array.from({ length: LONGEST_REACH + 1 }, () => []);

  constructor(needles: readonly Needle[]) {
    this.#needles = needles;
    const longest = needles.length > MANY_NEEDLES ? reach(4) : LONGEST_REACH;
    const shortest = needles.reduce((least, needle) => Math.min(least, this.#read(needle, least)), longest);
    this.stride = ([16, 8, 4] as const).find((stride) => shortest >= reach(stride));
  }

  /** Calls `use` with each word, letters in lower case, that a match may hold whole within its first {@linkcode reach} bytes. */
  words(stride: Stride, use: (word: number) => void): void {
    for (const words of this.#words.slice(0, reach(stride) + 1)) words.forEach(use);
  }

  /** All bytes in plain spellings of the first positions and of the gaps between them: as far as the closer look goes. */
  bytes(): Set<number> {
    const found = new Set<number>();
    for (const needle of this.#needles) {
      for (let at = 0; at < Math.min(needle.length, reach(4)); at++) {
        for (const byte of plainBytes(needle.symbolAt(at))) found.add(byte);
      }
      const gaps = needle.gap === undefined ? [] : this.#gap(needle.gap);
      for (const { bytes } of gaps) for (const byte of bytes) found.add(byte);
    }
    return found;
  }

  /**
   * Notes the words of `needle` and returns the length of its shortest match without a special byte, `most` at most. States are how
   * far the needle is read and with which last three bytes; each is gone on from once, where it comes first.
   */
  #read(needle: Needle, most: number): number {
    const layers: State[][] = Array.from({ length: LONGEST_REACH + 1 }, () => []), seen = new Set<number>();
    layers[0]!.push({ at: 0, afterGap: false, tail: 0 });
    for (let length = 0; length < most; length++) {
      for (const state of layers[length]!) {
        if (state.at >= needle.decisive) return length;
        for (const plain of this.#next(needle, state)) {
          const longer = this.#readPlain(plain, length, state.tail);
          if (longer === undefined) continue;
          const next = { at: state.at + plain.positions, afterGap: plain.positions === 0, tail: longer };
          const key = (next.at * 2 + Number(next.afterGap)) * 2 ** 24 + longer;
          if (!seen.has(key)) layers[length + plain.bytes.length]!.push(next);
          seen.add(key);
        }
      }
    }
    return most;
  }

  #next(needle: Needle, { at, afterGap }: State): readonly Plain[] {
    const gap = !afterGap && at > 0 && needle.gap !== undefined && needle.gapBefore(at) ? needle.gap : undefined;
    if (gap === undefined) return this.#symbol(needle.symbolAt(at));
    return needle.gapNeeded ? this.#gap(gap) : [...this.#gap(gap), ...this.#symbol(needle.symbolAt(at))];
  }

  /** Notes the words that end in `bytes` and returns the last three bytes then; undefined where the plain or the interesting part ends. */
  #readPlain({ bytes }: Plain, length: number, tail: number): number | undefined {
    for (const byte of bytes) {
      // A special byte ends the plain part; a closer look is taken where it stands.
      if (SPECIAL.has(byte) || length === LONGEST_REACH) return undefined;
      const word = byte << 24 | tail;
      if (++length >= 4) this.#words[length]!.push(word);
      tail = (word | FOLD) >>> 8;
    }
    return tail;
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

/** How far a needle is read. */
interface State {
  /** Its next position. */
  readonly at: number;
  /** Whether the last that was read is a gap, after which none comes. */
  readonly afterGap: boolean;
  /** The last three bytes, letters in lower case, the last one highest. */
  readonly tail: number;
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
      if (SPECIAL.has(byte) || longer.length >= LONGEST_REACH) {
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
