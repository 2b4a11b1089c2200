/**
 * The `.env` grammar, with positions. It reads what npm's `dotenv` 18 reads (tests/property/vault/dotenv_test.ts compares
 * them on arbitrary text), in time linear in the text:
 *
 *     assignment = line start, space, ["export" space], name, (space "=" | ":" space), value
 *     value      = space, quote … quote, only blanks or a comment up to the line's end
 *                | anything up to "#" or the line's end, without the blanks around it
 *
 * Quotes are `'`, `"` and `` ` ``; a quoted value may span lines. A quote after a backslash closes the value only when no
 * other one does. Between double quotes `\n` and `\r` are line breaks; nothing else is an escape. A line break in the file is
 * read as `\n`, whatever it was. Space includes line breaks. Anything else is skipped, a line at a time.
 *
 * Does not promise to expand `$NAME` or to run anything: neither does `dotenv`.
 *
 * @module
 */

/** One assignment and where it stands. Offsets are UTF-16 units of the text as given. */
export interface ScannedAssignment {
  /** `[A-Za-z0-9_.-]+` */
  readonly name: string;
  readonly value: string;
  /** Line of the name, from 1. */
  readonly line: number;
  /** First unit of `export` or of the name. */
  readonly start: number;
  /** The value as written, quotes included; empty where nothing is written. */
  readonly valueStart: number;
  readonly valueEnd: number;
}

/** What a text holds. */
export interface ScannedDotenv {
  /** In the order of the text; a name may occur more than once, the last one counts. */
  readonly assignments: readonly ScannedAssignment[];
  /** Lines that are neither blank nor a comment nor an assignment, from 1. */
  readonly ignoredLines: readonly number[];
}

const NAME = /[A-Za-z0-9_.-]+/y;
const SPACE = /\s*/y;
const BARE = /[^#\n]*/y;
const BLANKS = /[^\S\n\u2028\u2029]*/y;
const LINE_END = /[\n\u2028\u2029]/g;
const EXPORT = /export\s+/y;

/** The match of a sticky pattern at `at`; its length when it does not match is zero. */
function lengthAt(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0].length ?? 0;
}

function nextLine(text: string, from: number): number {
  LINE_END.lastIndex = from;
  return LINE_END.exec(text) === null ? text.length : LINE_END.lastIndex;
}

/** Whether nothing but blanks and a comment follows up to the line's end. */
function closesHere(text: string, after: number): boolean {
  const at = after + lengthAt(BLANKS, text, after);
  return at >= text.length || text[at] === "#" || /[\n\u2028\u2029]/.test(text[at]!);
}

/** Where the quote at `open` is closed, or undefined when it is not. */
function closingQuote(text: string, open: number): number | undefined {
  let escaped: number | undefined;
  for (let at = text.indexOf(text[open]!, open + 1); at >= 0; at = text.indexOf(text[open]!, at + 1)) {
    const closes = closesHere(text, at + 1);
    if (text[at - 1] !== "\\") return closes ? at : escaped;
    if (closes) escaped = at;
  }
  return escaped;
}

interface RawValue {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

function unescape(value: string, written: string): string {
  return written.startsWith('"') ? value.replaceAll("\\n", "\n").replaceAll("\\r", "\r") : value;
}

/** The value that begins at `from`, directly after the separator. There always is one, if only an empty one. */
function valueAt(text: string, from: number): RawValue {
  const open = from + lengthAt(SPACE, text, from);
  if (open < text.length && "'\"`".includes(text[open]!)) {
    const close = closingQuote(text, open);
    if (close !== undefined) {
      const written = text.slice(open, close + 1);
      return { value: unescape(written.slice(1, -1), written), start: open, end: close + 1 };
    }
  }
  const run = text.slice(from, from + lengthAt(BARE, text, from));
  const written = run.trim();
  const start = written === "" ? from : from + run.indexOf(written);
  // A quote that is not closed properly is part of the value, unless the text also ends with it.
  const value = written.replace(/^(['"`])([\s\S]*)\1$/mg, "$2");
  return { value: unescape(value, written), start, end: start + written.length };
}

interface RawAssignment extends RawValue {
  readonly name: string;
}

/** The assignment whose name begins at `at`, or undefined. */
function assignmentAt(text: string, at: number): RawAssignment | undefined {
  const nameEnd = at + lengthAt(NAME, text, at);
  if (nameEnd === at) return undefined;
  const name = text.slice(at, nameEnd);
  const sign = nameEnd + lengthAt(SPACE, text, nameEnd);
  if (text[sign] === "=") return { name, ...valueAt(text, sign + 1) };
  if (text[nameEnd] === ":" && /\s/.test(text[nameEnd + 1] ?? "")) return { name, ...valueAt(text, nameEnd + 2) };
  return undefined;
}

/** Maps offsets of the text with single line breaks back to the text as given. Offsets must be asked in rising order. */
function offsetsOf(given: string): (offset: number) => number {
  let removed = 0;
  let next = given.indexOf("\r\n");
  return (offset) => {
    while (next >= 0 && next - removed < offset) {
      removed += 1;
      next = given.indexOf("\r\n", next + 2);
    }
    return offset + removed;
  };
}

/** Counts lines up to offsets that must be asked in rising order. */
function lineCounter(text: string): (offset: number) => number {
  let line = 1, seen = 0;
  return (offset) => {
    for (; seen < offset; seen++) if (text[seen] === "\n") line += 1;
    return line;
  };
}

/** Every assignment of a `.env` text, in order. Never fails: what is no assignment is skipped and its line is named. */
export function scanDotenv(given: string): ScannedDotenv {
  const text = given.replace(/\r\n?/g, "\n");
  const original = offsetsOf(given), lineOf = lineCounter(text);
  const assignments: ScannedAssignment[] = [];
  const ignoredLines: number[] = [];
  for (let at = 0; at < text.length;) {
    const start = at + lengthAt(SPACE, text, at);
    if (start >= text.length) break;
    const exported = lengthAt(EXPORT, text, start);
    const found = (exported > 0 ? assignmentAt(text, start + exported) : undefined) ?? assignmentAt(text, start);
    const line = lineOf(start);
    if (found === undefined) {
      if (text[start] !== "#" && ignoredLines.at(-1) !== line) ignoredLines.push(line);
      at = nextLine(text, start);
      continue;
    }
    assignments.push({
      name: found.name,
      value: found.value,
      line,
      start: original(start),
      valueStart: original(found.start),
      valueEnd: original(found.end),
    });
    at = nextLine(text, found.end);
  }
  return { assignments, ignoredLines };
}
