/**
 * Symbols: what one position of a needle may be, as a number, so that equal ones share their spellings.
 *
 * @module
 */

import { type Node, widen } from "./graph.ts";
import { spellings } from "./spellings.ts";

/** A symbol's number. See {@linkcode byteSymbol} and its neighbours. */
export type SymbolId = number;

/** Byte order of a needle in UTF-16, or `none` for bytes as they are. */
export type WideOrder = "none" | "le" | "be";

const CHARACTER = 0x1000;
const DIGIT64 = 0x200000;
const HEX = 0x201000;
/** Added for UTF-16; above every other number. */
const LITTLE = 0x400000;
const BIG = 0x800000;

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** One byte. */
export function byteSymbol(byte: number): SymbolId {
  return byte;
}

/** A character beyond ASCII that begins here; its own first byte is the other way to read this position. */
export function characterSymbol(codePoint: number): SymbolId {
  return CHARACTER + codePoint;
}

/**
 * A base64 or base64url digit of which only some bits are known: `known` is a mask of six bits, `value` their content. At an edge
 * of the value a digit shares bits with a neighbour that we do not know.
 */
export function digit64Symbol(value: number, known: number): SymbolId {
  return DIGIT64 + (known << 6) + (value & known);
}

/** Four bits in hex, either case. */
export function hexSymbol(nibble: number): SymbolId {
  return HEX + nibble;
}

/** The same symbol in UTF-16. */
export function wideSymbol(symbol: SymbolId, order: WideOrder): SymbolId {
  return order === "none" ? symbol : symbol + (order === "le" ? LITTLE : BIG);
}

/** Whether this symbol's spellings may themselves be escaped once more. UTF-16 ones may not: that is rare and dear. */
export function isLayered(symbol: SymbolId): boolean {
  return symbol < LITTLE;
}

/** Builds the spellings of a symbol. */
export function symbolSpellings(symbol: SymbolId): Node {
  if (symbol >= BIG) return wideSpellings(symbol - BIG, "be");
  if (symbol >= LITTLE) return wideSpellings(symbol - LITTLE, "le");
  if (!isCharacter(symbol)) return spellings({ bytes: plainBytes(symbol) });
  const codePoint = symbol - CHARACTER;
  const length = new TextEncoder().encode(String.fromCodePoint(codePoint)).length;
  return spellings({ bytes: plainBytes(symbol), character: { codePoint, length } });
}

function wideSpellings(symbol: SymbolId, order: "le" | "be"): Node {
  if (!isCharacter(symbol)) return widen(symbolSpellings(symbol), order);
  const root = widen(spellings({ bytes: [], character: { codePoint: symbol - CHARACTER, length: 1 } }), order);
  root.add(wideBytes(symbol, order), 2);
  return root;
}

/** The bytes that a symbol is without any escape: alternatives of one another, or all bytes of a character in UTF-16. */
export function plainBytes(symbol: SymbolId): readonly number[] {
  if (symbol >= BIG) return wideBytes(symbol - BIG, "be");
  if (symbol >= LITTLE) return wideBytes(symbol - LITTLE, "le");
  if (symbol >= HEX) return hexDigits(symbol - HEX);
  if (symbol >= DIGIT64) return digits64((symbol - DIGIT64) & 63, (symbol - DIGIT64) >> 6);
  if (symbol >= CHARACTER) return [new TextEncoder().encode(String.fromCodePoint(symbol - CHARACTER))[0]!];
  return [symbol];
}

function wideBytes(symbol: SymbolId, order: "le" | "be"): readonly number[] {
  if (!isCharacter(symbol)) return [0, ...plainBytes(symbol)];
  const units = String.fromCodePoint(symbol - CHARACTER);
  return Array.from({ length: units.length }, (_, i) => units.charCodeAt(i))
    .flatMap((unit) => order === "le" ? [unit & 0xff, unit >> 8] : [unit >> 8, unit & 0xff]);
}

function isCharacter(symbol: SymbolId): boolean {
  return symbol >= CHARACTER && symbol < DIGIT64;
}

function hexDigits(nibble: number): number[] {
  const lower = nibble.toString(16).charCodeAt(0);
  return nibble < 10 ? [lower] : [lower, lower - 0x20];
}

function digits64(value: number, known: number): number[] {
  const found: number[] = [];
  for (let digit = 0; digit < 64; digit++) {
    if ((digit & known) !== value) continue;
    found.push(STANDARD.charCodeAt(digit));
    if (digit === 62) found.push(0x2d);
    if (digit === 63) found.push(0x5f);
  }
  return found;
}
