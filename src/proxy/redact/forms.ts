/**
 * The forms in which a value is looked for. A {@linkcode Needle} is a sequence of symbols computed from the value's bytes when
 * asked, so a form costs no memory of its own.
 *
 * @module
 */

import type { GapKind } from "./spellings.ts";
import { byteSymbol, characterSymbol, digit64Symbol, hexSymbol, type SymbolId, wideSymbol } from "./symbols.ts";

/**
 * A value longer than this many bytes counts as found once its first so many bytes were read: less of it than all must not
 * come through either, and what is held back stays small. What follows of it is swallowed as long as it matches.
 */
export const DECISIVE_BYTES = 256;

/** One form of one value. */
export interface Needle {
  /** Number of positions. */
  readonly length: number;
  /** Positions that must be read before it counts as found, 1…length; more are taken along when they are there. */
  readonly decisive: number;
  /** What may stand between positions, if anything. */
  readonly gap: GapKind | undefined;
  /** Whether a gap may stand before position `i` (0 < i < length). */
  gapBefore(i: number): boolean;
  /** Whether a gap must stand there. */
  readonly gapNeeded: boolean;
  /** What position `i` (0 ≤ i < length) is. */
  symbolAt(i: number): SymbolId;
}

const always = (): boolean => true;
const never = (): boolean => false;

/** The value itself, each byte or character in any spelling. */
export function textForm(value: Uint8Array): Needle {
  return {
    length: value.length,
    decisive: Math.min(value.length, DECISIVE_BYTES),
    gap: "soft",
    gapBefore: always,
    gapNeeded: false,
    symbolAt: (i) => {
      const codePoint = codePointAt(value, i);
      return codePoint === undefined ? byteSymbol(value[i]!) : characterSymbol(codePoint);
    },
  };
}

/** The value in UTF-16, or undefined when it is not UTF-8. */
export function wideTextForm(value: Uint8Array, order: "le" | "be"): Needle | undefined {
  const points = codePoints(value);
  if (points === undefined) return undefined;
  return {
    length: points.length,
    decisive: Math.min(points.length, DECISIVE_BYTES),
    gap: undefined,
    gapBefore: never,
    gapNeeded: false,
    symbolAt: (i) => wideSymbol(points[i]! < 0x80 ? byteSymbol(points[i]!) : characterSymbol(points[i]!), order),
  };
}

/** The value inside base64 or base64url text in which `lead` (0…2) bytes precede it in its group of three. */
export function base64Form(value: Uint8Array, lead: number): Needle {
  const bits = 8 * (lead + value.length);
  const digits = Math.ceil(bits / 6) - lead;
  const padding = (3 - ((lead + value.length) % 3)) % 3;
  return {
    length: digits + padding,
    decisive: Math.min(digits, Math.ceil(DECISIVE_BYTES * 4 / 3)),
    gap: "lines",
    gapBefore: always,
    gapNeeded: false,
    symbolAt: (i) => i < digits ? digit64At(value, lead, i) : byteSymbol(0x3d),
  };
}

/** Digit `i` of {@linkcode base64Form}: the first digit that holds bits of the value is number `lead` of its group. */
function digit64At(value: Uint8Array, lead: number, i: number): SymbolId {
  const bit = 6 * (lead + i), at = (bit >> 3) - lead, shift = 10 - (bit & 7);
  const pair = (value[at] ?? 0) << 8 | (value[at + 1] ?? 0);
  const known = (at >= 0 ? 0xff00 : 0) | (at + 1 < value.length ? 0xff : 0);
  return digit64Symbol(pair >> shift & 63, known >> shift & 63);
}

/** The value in hex, either case, with or without separators between bytes. */
export function hexForm(value: Uint8Array): Needle {
  return {
    length: 2 * value.length,
    decisive: Math.min(2 * value.length, 2 * DECISIVE_BYTES),
    gap: "hex",
    gapBefore: (i) => i % 2 === 0,
    gapNeeded: false,
    symbolAt: (i) => hexSymbol((value[i >> 1]! >> (i % 2 === 0 ? 4 : 0)) & 15),
  };
}

/** The value as a printed list of byte numbers (`[115, 107]`: what JSON makes of a byte array). */
export function listForm(value: Uint8Array): Needle {
  const starts = new Uint32Array(value.length + 1);
  value.forEach((byte, i) => starts[i + 1] = starts[i]! + String(byte).length);
  const owner = (i: number): number => {
    let low = 0, high = value.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (starts[middle]! <= i) low = middle;
      else high = middle;
    }
    return low;
  };
  return {
    length: starts[value.length]!,
    decisive: starts[Math.min(value.length, DECISIVE_BYTES)]!,
    gap: "list",
    gapBefore: (i) => starts[owner(i)] === i,
    gapNeeded: true,
    symbolAt: (i) => {
      const at = owner(i);
      return byteSymbol(String(value[at]).charCodeAt(i - starts[at]!));
    },
  };
}

/** The digits of a value inside base64 text that depend on it alone, at each of the three alignments. */
export function innerBase64(value: Uint8Array): Uint8Array[] {
  return [0, 1, 2].map((lead) => {
    const bits = 8 * (lead + value.length);
    const from = Math.ceil(8 * lead / 6), to = Math.floor(bits / 6);
    const padded = new Uint8Array(lead + value.length);
    padded.set(value, lead);
    const text = btoa(Array.from(padded, (byte) => String.fromCharCode(byte)).join(""));
    padded.fill(0);
    return new TextEncoder().encode(text.slice(from, to));
  });
}

/** The character beyond ASCII whose UTF-8 begins at `i`, if one does. */
function codePointAt(value: Uint8Array, i: number): number | undefined {
  const first = value[i]!;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
  if (length === 1 || first > 0xf4 || i + length > value.length) return undefined;
  let codePoint = first & (0x7f >> length);
  for (let k = 1; k < length; k++) {
    const byte = value[i + k]!;
    if ((byte & 0xc0) !== 0x80) return undefined;
    codePoint = codePoint << 6 | (byte & 0x3f);
  }
  const least = length === 2 ? 0x80 : length === 3 ? 0x800 : 0x10000;
  const valid = codePoint >= least && codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return valid ? codePoint : undefined;
}

function codePoints(value: Uint8Array): Uint32Array | undefined {
  const points = new Uint32Array(value.length);
  let count = 0;
  for (let i = 0; i < value.length;) {
    const codePoint = value[i]! < 0x80 ? value[i]! : codePointAt(value, i);
    if (codePoint === undefined) return undefined;
    points[count++] = codePoint;
    i += codePoint < 0x80 ? 1 : codePoint < 0x800 ? 2 : codePoint < 0x10000 ? 3 : 4;
  }
  return points.subarray(0, count);
}
