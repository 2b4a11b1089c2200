/**
 * How one byte or character is spelled by the escapes of the web: percent-encoding (RFC 3986 §2.1, once or several times), form
 * encoding, JSON and JavaScript escapes (RFC 8259 §7, ECMA-262 §12.9.4, any number of nested strings up to four), octal,
 * HTML character references (HTML §13.5) and quoted-printable (RFC 2045 §6.7).
 *
 * @module
 */

import { addPath, ascii, GAP, hexSteps, type Node, node, type Step } from "./graph.ts";

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
  const root = node();
  const tails = node();
  for (const byte of what.bytes) {
    addByte(root, byte);
    addTails(tails, byte);
    if (byte < 0x80) addReferences(root, byte, end(1), NAMED.get(byte) ?? []);
  }
  if (what.character !== undefined) {
    const { codePoint, length } = what.character;
    addReferences(root, codePoint, end(length), []);
    addUnicode(tails, codePoint, end(length));
  }
  addBackslashes(root, tails, what.bytes.includes(BACKSLASH));
  return root;
}

/** Spellings for {@linkcode Node.ends}: this many positions are read. */
function end(positions: number): number {
  return 1 << positions;
}

function addByte(root: Node, byte: number): void {
  const one = end(1);
  addPath(root, [byte], one);
  root.edges.get(byte)!.plain = true;
  for (let level = 0; level <= MAX_PERCENT_LEVELS; level++) {
    addPath(root, [...ascii("%" + "25".repeat(level)), ...hexSteps(byte, 2)], one);
  }
  addPath(root, [...ascii("="), ...hexSteps(byte, 2)], one);
  if (byte === 0x20) addPath(root, ascii("+"), one);
  if (byte === 0x0a) addPath(root, ascii("\r\n"), one);
}

/** What may follow a run of backslashes. */
function addTails(tails: Node, byte: number): void {
  const one = end(1);
  addPath(tails, [...ascii("x"), ...hexSteps(byte, 2)], one);
  addPath(tails, ascii(byte.toString(8).padStart(3, "0")), one);
  const short = SHORT.get(byte);
  if (short !== undefined) addPath(tails, ascii(short), one);
  if (byte >= 0x80) return;
  addUnicode(tails, byte, one);
  // `\"` and `\/` of JSON, `\'` of JavaScript, `\_` of Markdown, `\$` of shells: punctuation stands for itself.
  if (byte !== BACKSLASH && !/[0-9A-Za-z]/.test(String.fromCharCode(byte))) addPath(tails, [byte], one);
}

function addUnicode(tails: Node, codePoint: number, ends: number): void {
  const units = String.fromCodePoint(codePoint);
  const steps: Step[] = [];
  for (let i = 0; i < units.length; i++) {
    // Inside nested strings the second half of a pair has as many backslashes as the first; one to three are read.
    if (i > 0) steps.push(BACKSLASH);
    steps.push(...ascii("u"), ...hexSteps(units.charCodeAt(i), 4));
  }
  addPath(tails, steps, ends);
  if (units.length === 2) {
    const [high, low] = [hexSteps(units.charCodeAt(0), 4), hexSteps(units.charCodeAt(1), 4)];
    for (const run of [2, 4, 8]) {
      addPath(tails, [...ascii("u"), ...high, ...ascii("\\".repeat(run) + "u"), ...low], ends);
    }
  }
  addPath(tails, [...ascii("U"), ...hexSteps(codePoint, 8)], ends);
  for (let zeros = 0; zeros <= MAX_ZEROS; zeros++) {
    addPath(tails, [...ascii("u{" + "0".repeat(zeros)), ...hexSteps(codePoint, 1), ...ascii("}")], ends);
  }
  if (codePoint > 0x7f && codePoint <= 0xff) addPath(tails, [...ascii("x"), ...hexSteps(codePoint, 2)], ends);
}

function addReferences(root: Node, codePoint: number, ends: number, names: readonly string[]): void {
  for (let zeros = 0; zeros <= MAX_ZEROS; zeros++) {
    const padding = "0".repeat(zeros);
    addReference(root, ascii("&#" + padding + codePoint), ends, true);
    addReference(root, [...ascii("&#"), ascii("xX"), ...ascii(padding), ...hexSteps(codePoint, 1)], ends, true);
  }
  for (const name of names) addReference(root, ascii("&" + name), ends, BARE_NAMES.has(name));
}

function addReference(root: Node, steps: readonly Step[], ends: number, bare: boolean): void {
  if (bare) addPath(root, steps, ends);
  addPath(root, [...steps, 0x3b], ends);
}

/** A run of 1 to 15 backslashes, then a tail; when the symbol is a backslash itself, a run alone is one too. */
function addBackslashes(root: Node, tails: Node, isBackslash: boolean): void {
  let from = root;
  for (let run = 1; run <= MAX_BACKSLASHES + (isBackslash ? 1 : 0); run++) {
    const to = from.edges.get(BACKSLASH) ?? node();
    from.edges.set(BACKSLASH, to);
    if (isBackslash) to.ends |= end(1);
    for (const [byte, next] of tails.edges) to.edges.set(byte, next);
    from = to;
  }
}

/** What may stand between two digits or characters of a needle without belonging to it. */
export type GapKind = "soft" | "lines" | "hex" | "list";

/** Most blanks after a line break inside base64: the indentation of YAML or a folded header. */
const MAX_INDENT = 16;

const GAPS: Readonly<Record<GapKind, (root: Node) => void>> = {
  // RFC 2045 §6.7: a soft line break of quoted-printable may fall anywhere.
  soft: (root) => ["=\r\n", "=\n"].forEach((text) => addPath(root, ascii(text), GAP)),
  // RFC 2045 §6.8 and RFC 7468: base64 is broken into lines.
  lines: (root) => {
    for (const text of ["\r\n", "\n", "\r", "=\r\n", "=\n"]) addIndented(root, text);
  },
  // `aa:bb`, `aa bb`, `aa-bb`, `0xaa, 0xbb`, and wrapped lines.
  hex: (root) => {
    for (const text of [":", "-", " ", "_", ",", ", ", "0x", " 0x", ",0x", ", 0x"]) addPath(root, ascii(text), GAP);
    for (const text of ["\r\n", "\n", ",\r\n", ",\n"]) addIndented(root, text);
  },
  // `[115, 107]`: a byte array printed as numbers.
  list: (root) => {
    for (const text of [",", ", ", " ", ";", "; "]) addPath(root, ascii(text), GAP);
    for (const text of [",\r\n", ",\n"]) addIndented(root, text);
  },
};

function addIndented(root: Node, text: string): void {
  for (let indent = 0; indent <= MAX_INDENT; indent++) {
    addPath(root, ascii(text + " ".repeat(indent)), GAP);
    if (indent > 0) addPath(root, ascii(text + "\t".repeat(indent)), GAP);
  }
}

/** All spellings of one gap of this kind. */
export function gapSpellings(kind: GapKind): Node {
  const root = node();
  GAPS[kind](root);
  return root;
}
