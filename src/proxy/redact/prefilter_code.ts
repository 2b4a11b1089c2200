/**
 * The prefilter's inner loop for WebAssembly, sixteen bytes at a time; {@linkcode Prefilter} says what it looks for and why that is
 * enough.
 *
 * @module
 */

import {
  block,
  type Code,
  get,
  give,
  i32,
  leave,
  leaveIf,
  loop,
  PAGE,
  set,
  v128,
  wasmModule,
  when,
} from "./wasm_module.ts";

/** log₂ of the number of bits that words are hashed to: 256 KiB. */
export const HASH_BITS = 21;
/** log₂ of the number of words that are remembered as harmless: 16 KiB. */
export const HARMLESS_BITS = 14;
export const MULTIPLIER = 0x9e3779b1;
/** Upper and lower case of letters fall together: hex comes in both. */
export const FOLD = 0x20202020;

/** Where in memory things are. */
export const AT = {
  words: 0,
  pairs: 2 ** (HASH_BITS - 3),
  harmless: 2 ** (HASH_BITS - 3) + PAGE,
  /**
   * The bytes that some spelling has, below 0x80 and from there: a table of sixteen by the lower half, whose bits say for which of
   * eight upper halves.
   */
  possibleLow: 2 ** (HASH_BITS - 3) + PAGE + 2 ** (HARMLESS_BITS + 2),
  possibleHigh: 2 ** (HASH_BITS - 3) + PAGE + 2 ** (HARMLESS_BITS + 2) + 16,
  /** Bytes to look at; a vector before them is read and means nothing. */
  window: 2 ** (HASH_BITS - 3) + PAGE + 2 ** (HARMLESS_BITS + 2) + 64,
} as const;
/** Bytes of the window: a multiple of sixteen that leaves the first-level cache room for the tables. */
export const WINDOW = 16 * 1024;
/** Of memory. */
export const PAGES = Math.ceil((AT.window + WINDOW) / PAGE);
/** What is returned for no place. */
export const NOWHERE = 0x7fffffff;

const splat = (word: number): Code => v128.const(Array.from({ length: 16 }, (_, i) => word >>> (8 * (i % 4)) & 0xff));
const ZERO = splat(0);
const bits = (from: number): Code =>
  v128.const(Array.from({ length: 16 }, (_, half) => half >= from && half < from + 8 ? 1 << (half - from) : 0));
const UPPER_BELOW_8 = bits(0);
const UPPER_FROM_8 = bits(8);

// Parameters: from which place on, and where the bytes end. Locals: the numbers below.
const FROM = 0, END = 1;
const AT_VECTOR = 2, FOUND = 3, PLACE = 4, WORD_AT = 5, X = 6, SPECIAL_BITS = 7;
const BYTES = 8, SPECIAL = 9, SPECIAL_BEFORE = 10, HASHES = 11;

/**
 * All ones for each word of BYTES in which a special byte stands. Their lower halves tell them apart but for two; a half that none has
 * is given a byte with another half.
 */
function specialWords(special: ReadonlySet<number>): Code {
  const byLowerHalf: number[] = Array.from({ length: 16 }, (_, half) => half === 0 ? 0xff : 0);
  const others: number[] = [];
  for (const byte of special) {
    if (byLowerHalf[byte & 15]! === 0) byLowerHalf[byte & 15] = byte;
    else others.push(byte);
  }
  const first = v128.bytesEqual(
    get(BYTES),
    v128.lookUp(v128.const(byLowerHalf), v128.and(get(BYTES), splat(0x0f0f0f0f))),
  );
  const any = others.reduce(
    (found, byte) => v128.or(found, v128.bytesEqual(get(BYTES), splat(byte * 0x01010101))),
    first,
  );
  return v128.wordsDiffer(any, ZERO);
}

/** The bit of `lane`'s word in the table of words, lowest, with others above it. */
const wordBit = (lane: number): Code => [
  ...set(X, v128.word(get(HASHES), lane)),
  ...i32.shiftRight(
    i32.load(i32.and(i32.shiftRight(get(X), i32.const(3)), i32.const(-4)), AT.words),
    // A shift counts modulo 32.
    get(X),
  ),
];

const hashes = (): Code =>
  v128.wordsShiftRight(
    v128.wordsMul(v128.or(get(BYTES), splat(FOLD)), splat(MULTIPLIER)),
    i32.const(32 - HASH_BITS),
  );

/** All ones for each word of BYTES without a byte that no spelling has. */
const possibleWords = (): Code => {
  const lower = v128.and(get(BYTES), splat(0x0f0f0f0f)), upper = v128.bytesShiftRight(get(BYTES), i32.const(4));
  const isIn = (table: number, uppers: Code): Code =>
    v128.and(v128.lookUp(v128.load(i32.const(table)), lower), v128.lookUp(uppers, upper));
  const possible = v128.or(isIn(AT.possibleLow, UPPER_BELOW_8), isIn(AT.possibleHigh, UPPER_FROM_8));
  return v128.wordsEqual(v128.bytesEqual(possible, ZERO), ZERO);
};

/** Whether the four bytes at PLACE are known to be harmless. */
const isHarmless = (): Code => [
  ...set(X, i32.load(get(PLACE))),
  ...i32.equal(
    get(X),
    i32.load(
      i32.shiftLeft(
        i32.shiftRight(i32.mul(get(X), i32.const(MULTIPLIER)), i32.const(32 - HARMLESS_BITS)),
        i32.const(2),
      ),
      AT.harmless,
    ),
  ),
];

/** The four places whose matches hold all of the word at WORD_AT: returns one whose two bytes may begin a match. */
const lookAtPlaces = (): Code => [
  ...set(PLACE, i32.sub(get(WORD_AT), i32.const(3))),
  ...when(i32.less(get(PLACE), get(FROM)), set(PLACE, get(FROM))),
  ...block(loop(
    leaveIf(1, i32.greater(get(PLACE), get(WORD_AT))),
    when(
      i32.load8(i32.or(i32.shiftLeft(i32.load8(get(PLACE)), i32.const(8)), i32.load8(get(PLACE), 1)), AT.pairs),
      when(i32.isZero(isHarmless()), give(get(PLACE))),
    ),
    set(PLACE, i32.add(get(PLACE), i32.const(1))),
    leave(0),
  )),
];

const lookAtWords = (): Code =>
  loop(
    when(
      get(FOUND),
      set(
        WORD_AT,
        i32.add(get(AT_VECTOR), i32.shiftLeft(i32.trailingZeros(get(FOUND)), i32.const(2))),
      ),
      set(FOUND, i32.and(get(FOUND), i32.sub(get(FOUND), i32.const(1)))),
      lookAtPlaces(),
      leave(1),
    ),
  );

const lookAtVector = (special: ReadonlySet<number>): Code => [
  ...set(SPECIAL, specialWords(special)),
  ...set(
    SPECIAL_BITS,
    v128.wordBits(v128.or(get(SPECIAL), v128.lastOfFirstThenSecond(get(SPECIAL_BEFORE), get(SPECIAL)))),
  ),
  ...set(SPECIAL_BEFORE, get(SPECIAL)),
  ...set(HASHES, hashes()),
  ...when(
    // Hardly ever: first all four at once.
    i32.or(
      get(SPECIAL_BITS),
      i32.and(i32.or(i32.or(wordBit(0), wordBit(1)), i32.or(wordBit(2), wordBit(3))), i32.const(1)),
    ),
    set(FOUND, get(SPECIAL_BITS)),
    ...[0, 1, 2, 3].map((lane) =>
      set(FOUND, i32.or(get(FOUND), i32.shiftLeft(i32.and(wordBit(lane), i32.const(1)), i32.const(lane))))
    ),
    set(FOUND, i32.and(get(FOUND), v128.wordBits(possibleWords()))),
    lookAtWords(),
  ),
];

/**
 * `run(from, end)`: the first address in `from`…`end` at which a match may begin, or {@linkcode NOWHERE}.
 *
 * @param special Bytes one of which every spelling has that is not plain; none has the lower half 0.
 */
export function prefilterModule(special: ReadonlySet<number>): Uint8Array<ArrayBuffer> {
  return wasmModule({
    pages: PAGES,
    parameters: 2,
    locals: [...new Array<"i32">(6).fill("i32"), ...new Array<"v128">(4).fill("v128")],
    body: [
      // The first word that begins at the place or later, and the vector before it.
      set(AT_VECTOR, i32.and(i32.add(get(FROM), i32.const(3)), i32.const(-16))),
      set(BYTES, v128.load(i32.sub(get(AT_VECTOR), i32.const(16)))),
      set(SPECIAL_BEFORE, specialWords(special)),
      block(loop(
        leaveIf(1, i32.isZero(i32.less(get(AT_VECTOR), get(END)))),
        set(BYTES, v128.load(get(AT_VECTOR))),
        lookAtVector(special),
        set(AT_VECTOR, i32.add(get(AT_VECTOR), i32.const(16))),
        leave(0),
      )),
      i32.const(NOWHERE),
    ],
  });
}
