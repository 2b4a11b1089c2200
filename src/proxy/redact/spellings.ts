/**
 * How one byte or character is spelled by the escapes of the web: percent-encoding (RFC 3986 §2.1, once or several times), form
 * encoding, JSON and JavaScript escapes (RFC 8259 §7, ECMA-262 §12.9.4, any number of nested strings up to four), octal,
 * HTML character references (HTML §13.5) and quoted-printable (RFC 2045 §6.7).
 *
 * @module
 */

import { ascii, GAP, hexSteps, Node, type Step } from "./graph.ts";

const BACKSLASH = 0x5c;
/** Most backslashes in a row before an escape: 2⁴−1, a quote inside four nested JSON strings. */
const MAX_BACKSLASHES = 15;
/** Most times that a percent sign is itself percent-encoded by plain repetition (`%252573`). */
const MAX_PERCENT_LEVELS = 3;
/** Most leading zeros of a numeric character reference or `\u{…}`. */
const MAX_ZEROS = 7;

/** Characters with a short escape after a backslash. */
const SHORT: ReadonlyMap<number, string> = new Map([
  [0x00, "0"],
  [0x07, "a"],
  [0x08, "b"],
  [0x09, "t"],
  [0x0a, "n"],
  [0x0b, "v"],
  [0x0c, "f"],
  [0x0d, "r"],
  [0x1b, "e"],
]);

/** Named character references that serializers write, or that hide a character an attacker would hide. */
const NAMED: ReadonlyMap<number, readonly string[]> = new Map(
  ([
    ["\t", "Tab"],
    ["\n", "NewLine"],
    ["!", "excl"],
    ['"', "quot", "QUOT"],
    ["#", "num"],
    ["$", "dollar"],
    ["%", "percnt"],
    ["&", "amp", "AMP"],
    ["'", "apos"],
    ["(", "lpar"],
    [")", "rpar"],
    ["*", "ast", "midast"],
    ["+", "plus"],
    [",", "comma"],
    [".", "period"],
    ["/", "sol"],
    [":", "colon"],
    [";", "semi"],
    ["<", "lt", "LT"],
    ["=", "equals"],
    [">", "gt", "GT"],
    ["?", "quest"],
    ["@", "commat"],
    ["[", "lsqb", "lbrack"],
    ["\\", "bsol"],
    ["]", "rsqb", "rbrack"],
    ["^", "Hat"],
    ["_", "lowbar", "UnderBar"],
    ["`", "grave", "DiacriticalGrave"],
    ["{", "lcub", "lbrace"],
    ["|", "verbar", "vert", "VerticalLine"],
    ["}", "rcub", "rbrace"],
  ] as const).map(([character, ...names]) => [character.charCodeAt(0), names] as const),
);

/** References that browsers also accept without their semicolon. */
const BARE_NAMES: ReadonlySet<string> = new Set(["amp", "AMP", "lt", "LT", "gt", "GT", "quot", "QUOT"]);

/** What a set of spellings is for: single bytes, and characters that span `length` positions of the needle. */
export interface Spelled {
  /** Bytes read as one position each. */
  readonly bytes: readonly number[];
  /** A character beyond ASCII beginning at this position. */
  readonly character?: { readonly codePoint: number; readonly length: number };
}

/** All spellings of `what`, each ending with the number of positions it covers. */
export function spellings(what: Spelled): Node {
  const root = new Node();
  for (const byte of what.bytes) {
    root.add([byte], ONE);
    root.child(byte).plain = true;
    if (byte === 0x20) root.add(ascii("+"), ONE);
    if (byte === 0x0a) root.add(ascii("\r\n"), ONE);
  }
  const later = (introducer: string, grow: (from: Node, what: Spelled) => void): void => {
    const from = root.child(introducer.charCodeAt(0));
    from.growLater(() => grow(from, what));
  };
  if (what.bytes.length > 0) {
    later("%", growPercent);
    later("=", growQuotedPrintable);
  }
  later("&", growReferences);
  later("\\", growBackslashes);
  return root;
}

/** For {@linkcode Node.ends}: this many positions are read. */
function end(positions: number): number {
  return 1 << positions;
}

const ONE = end(1);

function growPercent(from: Node, what: Spelled): void {
  for (const byte of what.bytes) {
    for (let level = 0; level <= MAX_PERCENT_LEVELS; level++) {
      from.add([...ascii("25".repeat(level)), ...hexSteps(byte, 2)], ONE);
    }
  }
}

function growQuotedPrintable(from: Node, what: Spelled): void {
  for (const byte of what.bytes) from.add(hexSteps(byte, 2), ONE);
}

function growReferences(from: Node, what: Spelled): void {
  for (const byte of what.bytes) {
    if (byte >= 0x80) continue;
    addReferences(from, byte, ONE);
    for (const name of NAMED.get(byte) ?? []) addReference(from, ascii(name), ONE, BARE_NAMES.has(name));
  }
  if (what.character !== undefined) addReferences(from, what.character.codePoint, end(what.character.length));
}

function addReferences(from: Node, codePoint: number, ends: number): void {
  for (let zeros = 0; zeros <= MAX_ZEROS; zeros++) {
    const padding = "0".repeat(zeros);
    addReference(from, ascii("#" + padding + codePoint), ends, true);
    addReference(from, [...ascii("#"), [0x78, 0x58], ...ascii(padding), ...hexSteps(codePoint, 1)], ends, true);
  }
}

function addReference(from: Node, steps: readonly Step[], ends: number, bare: boolean): void {
  if (bare) from.add(steps, ends);
  from.add([...steps, 0x3b], ends);
}

/** After the first backslash: an escape, or more backslashes and then an escape. */
function growBackslashes(first: Node, what: Spelled): void {
  for (const byte of what.bytes) addEscapes(first, byte);
  if (what.character !== undefined) addUnicode(first, what.character.codePoint, end(what.character.length));
  const escapes = [...first.edges];
  const isBackslash = what.bytes.includes(BACKSLASH);
  // When the symbol is a backslash itself, a run alone is one too.
  for (let run = 2, from = first; run <= MAX_BACKSLASHES + (isBackslash ? 1 : 0); run++) {
    const to = from.child(BACKSLASH);
    if (isBackslash) to.ends |= ONE;
    for (const [byte, next] of escapes) to.link(byte, next);
    from = to;
  }
}

function addEscapes(from: Node, byte: number): void {
  from.add([...ascii("x"), ...hexSteps(byte, 2)], ONE);
  from.add(ascii(byte.toString(8).padStart(3, "0")), ONE);
  const short = SHORT.get(byte);
  if (short !== undefined) from.add(ascii(short), ONE);
  if (byte >= 0x80) return;
  addUnicode(from, byte, ONE);
  // `\"` and `\/` of JSON, `\'` of JavaScript, `\_` of Markdown, `\$` of shells: punctuation stands for itself.
  if (byte !== BACKSLASH && !/[0-9A-Za-z]/.test(String.fromCharCode(byte))) from.add([byte], ONE);
}

function addUnicode(from: Node, codePoint: number, ends: number): void {
  const units = String.fromCodePoint(codePoint);
  // The backslash between the halves of a pair may itself be escaped, inside nested strings.
  const halves = Array.from({ length: units.length }, (_, i) => [...ascii("u"), ...hexSteps(units.charCodeAt(i), 4)]);
  from.add(halves.flatMap((half, i) => i === 0 ? half : [BACKSLASH, ...half]), ends);
  from.add([...ascii("U"), ...hexSteps(codePoint, 8)], ends);
  for (let zeros = 0; zeros <= MAX_ZEROS; zeros++) {
    from.add([...ascii("u{" + "0".repeat(zeros)), ...hexSteps(codePoint, 1), ...ascii("}")], ends);
  }
  if (codePoint > 0x7f && codePoint <= 0xff) from.add([...ascii("x"), ...hexSteps(codePoint, 2)], ends);
}

/** What may stand between two digits or characters of a needle without belonging to it. */
export type GapKind = "soft" | "lines" | "hex" | "list";

/** Most blanks after a line break inside base64: the indentation of YAML or a folded header. */
const MAX_INDENT = 16;

const SOFT_BREAKS = ["=\r\n", "=\n"];

/** Texts of a gap: as they are, and line breaks with their indentation. */
const GAPS: Readonly<Record<GapKind, { readonly plain: readonly string[]; readonly breaks: readonly string[] }>> = {
  // RFC 2045 §6.7: a soft line break of quoted-printable may fall anywhere.
  soft: { plain: SOFT_BREAKS, breaks: [] },
  // RFC 2045 §6.8 and RFC 7468: base64 is broken into lines.
  lines: { plain: [], breaks: ["\r\n", "\n", "\r", ...SOFT_BREAKS] },
  // `aa:bb`, `aa bb`, `aa-bb`, `0xaa, 0xbb`, and wrapped lines.
  hex: {
    plain: [":", "-", " ", "_", ",", ", ", "0x", " 0x", ",0x", ", 0x"],
    breaks: ["\r\n", "\n", ",\r\n", ",\n"],
  },
  // `[115, 107]`: a byte array printed as numbers.
  list: { plain: [",", ", ", " ", ";", "; "], breaks: [",\r\n", ",\n"] },
};

/** All spellings of one gap of this kind. */
export function gapSpellings(kind: GapKind): Node {
  const root = new Node();
  for (const text of GAPS[kind].plain) root.add(ascii(text), GAP);
  for (const text of GAPS[kind].breaks) {
    for (let indent = 0; indent <= MAX_INDENT; indent++) {
      for (const blank of " \t") root.add(ascii(text + blank.repeat(indent)), GAP);
    }
  }
  return root;
}
