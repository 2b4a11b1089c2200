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
  i64,
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
/** log₂ of the number of pieces that are remembered as clean: 32 KiB. */
const CLEAN_BITS = 12;
export const MULTIPLIER = 0x9e3779b1;
const PIECE_MULTIPLIER = 0x9e3779b97f4a7c15n;
/** Upper and lower case of letters fall together: hex comes in both. */
export const FOLD = 0x20202020;

/** The distance in bytes of the words that are looked up. A match must be at least this and three bytes long to hold one of them. */
export type Stride = 4 | 8 | 16;

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
  clean: 2 ** (HASH_BITS - 3) + PAGE + 2 ** (HARMLESS_BITS + 2) + 64,
  /** Bytes to look at; a vector before them is read and means nothing. */
  window: 2 ** (HASH_BITS - 3) + PAGE + 2 ** (HARMLESS_BITS + 2) + 64 + 2 ** (CLEAN_BITS + 3) + 64,
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
const BLOCK = 2, FOUND = 3, PLACE = 4, LAST_PLACE = 5, X = 6;
const BYTES = 7, SPECIAL = 8, SPECIAL_BEFORE = 9, HASHES = 10, PIECE = 11;

/**
 * All ones for each special byte among BYTES. Their lower halves tell them apart but for two; a half that none has
 * is given a byte with another half.
 */
function specialBytes(special: ReadonlySet<number>): Code {
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
  return others.reduce(
    (found, byte) => v128.or(found, v128.bytesEqual(get(BYTES), splat(byte * 0x01010101))),
    first,
  );
}

/** The bit of `lane`'s word in the table of words, lowest, with others above it. */
const wordBit = (lane: number): Code => [...set(X, v128.word(get(HASHES), lane)), ...tableBit()];

/** The bit of the hash X, lowest, with others above it. */
const tableBit = (): Code =>
  i32.shiftRight(
    i32.load(i32.and(i32.shiftRight(get(X), i32.const(3)), i32.const(-4)), AT.words),
    // A shift counts modulo 32.
    get(X),
  );

/** Likewise of the word `offset` bytes after BLOCK. */
const wordBitAt = (offset: number): Code => [
  ...set(
    X,
    i32.shiftRight(
      i32.mul(i32.or(i32.load(get(BLOCK), offset), i32.const(FOLD)), i32.const(MULTIPLIER)),
      i32.const(32 - HASH_BITS),
    ),
  ),
  ...tableBit(),
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

/** The address in the table of clean pieces at which PIECE would be. */
const cleanSlot = (): Code =>
  i32.shiftLeft(
    i64.low(i64.shiftRight(i64.mul(get(PIECE), i64.const(PIECE_MULTIPLIER)), i64.const(64n - BigInt(CLEAN_BITS)))),
    i32.const(3),
  );

/**
 * The four places from PLACE to LAST_PLACE: returns one whose bytes may begin a match. That none does depends on no more than the piece of
 * eight bytes there, which is noted: the next time one look is enough.
 */
const lookAtPlaces = (): Code => [
  ...set(PIECE, i64.load(i32.sub(get(PLACE), i32.const(1)))),
  ...when(
    i64.differ(get(PIECE), i64.load(cleanSlot(), AT.clean)),
    when(i32.less(get(PLACE), get(FROM)), set(PLACE, get(FROM)), set(PIECE, i64.const(0n))),
    block(loop(
      leaveIf(1, i32.greater(get(PLACE), get(LAST_PLACE))),
      when(
        i32.load8(i32.or(i32.shiftLeft(i32.load8(get(PLACE)), i32.const(8)), i32.load8(get(PLACE), 1)), AT.pairs),
        when(i32.isZero(isHarmless()), give(get(PLACE))),
      ),
      set(PLACE, i32.add(get(PLACE), i32.const(1))),
      leave(0),
    )),
    when(i64.differ(get(PIECE), i64.const(0n)), i64.store(cleanSlot(), get(PIECE), AT.clean)),
  ),
];

/** The words of FOUND, and of each the four places whose matches hold all of it. */
const lookAtWords = (): Code =>
  loop(
    when(
      get(FOUND),
      set(
        LAST_PLACE,
        i32.add(i32.add(get(BLOCK), i32.const(4)), i32.shiftLeft(i32.trailingZeros(get(FOUND)), i32.const(2))),
      ),
      set(PLACE, i32.sub(get(LAST_PLACE), i32.const(3))),
      set(FOUND, i32.and(get(FOUND), i32.sub(get(FOUND), i32.const(1)))),
      lookAtPlaces(),
      leave(1),
    ),
  );

/** Each place of the block by the next aligned word. */
const lookClosely = (): Code => [
  ...set(BYTES, v128.load(get(BLOCK), 4)),
  // In the word itself, or in the one before.
  ...set(
    FOUND,
    v128.wordBits(
      v128.wordsDiffer(
        v128.or(get(SPECIAL_BEFORE), v128.lastOfFirstThenSecond(get(SPECIAL_BEFORE), get(SPECIAL))),
        ZERO,
      ),
    ),
  ),
  ...set(HASHES, hashes()),
  ...when(
    // Hardly ever: first all four at once.
    i32.or(
      get(FOUND),
      i32.and(i32.or(i32.or(wordBit(0), wordBit(1)), i32.or(wordBit(2), wordBit(3))), i32.const(1)),
    ),
    ...[0, 1, 2, 3].map((lane) =>
      set(FOUND, i32.or(get(FOUND), i32.shiftLeft(i32.and(wordBit(lane), i32.const(1)), i32.const(lane))))
    ),
    set(FOUND, i32.and(get(FOUND), v128.wordBits(possibleWords()))),
    lookAtWords(),
  ),
];

/** Whether every byte up to the end of the block's last word is there, and plain: then a match that begins in the block holds it whole. */
const isPlainBlock = (): Code =>
  i32.and(
    i32.isZero(v128.any(v128.or(get(SPECIAL_BEFORE), get(SPECIAL)))),
    i32.isZero(i32.greater(i32.add(get(BLOCK), i32.const(20)), get(END))),
  );

/** Whether one of the block's words at multiples of `stride` is one of a needle's, in the lowest bit. */
const isFamiliar = (stride: Stride): Code =>
  Array.from({ length: 16 / stride }, (_, i) => wordBitAt(stride * (i + 1))).reduce((a, b) => i32.or(a, b));

const lookAtBlock = (stride: Stride): Code =>
  stride === 4 ? lookClosely() : [
    ...set(FOUND, i32.const(1)),
    ...when(isPlainBlock(), set(FOUND, i32.and(isFamiliar(stride), i32.const(1)))),
    ...when(get(FOUND), lookClosely()),
  ];

/**
 * `run(from, end)`: the first address in `from`…`end` at which a match may begin, or {@linkcode NOWHERE}. It goes by blocks: the sixteen
 * places after the address BLOCK, a multiple of sixteen.
 *
 * @param special Bytes one of which every spelling has that is not plain; none has the lower half 0.
 * @param stride Of which words of plain bytes the hash is looked up.
 */
export function prefilterModule(special: ReadonlySet<number>, stride: Stride): Uint8Array<ArrayBuffer> {
  return wasmModule({
    pages: PAGES,
    parameters: 2,
    locals: [...new Array<"i32">(5).fill("i32"), ...new Array<"v128">(4).fill("v128"), "i64"],
    body: [
      set(BLOCK, i32.and(i32.sub(get(FROM), i32.const(1)), i32.const(-16))),
      set(BYTES, v128.load(get(BLOCK))),
      set(SPECIAL_BEFORE, specialBytes(special)),
      block(loop(
        leaveIf(1, i32.isZero(i32.less(get(BLOCK), get(END)))),
        set(BYTES, v128.load(get(BLOCK), 16)),
        set(SPECIAL, specialBytes(special)),
        lookAtBlock(stride),
        set(SPECIAL_BEFORE, get(SPECIAL)),
        set(BLOCK, i32.add(get(BLOCK), i32.const(16))),
        leave(0),
      )),
      i32.const(NOWHERE),
    ],
  });
}
