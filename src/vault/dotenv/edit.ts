/**
 * Changing single assignments of a `.env` text. Comments, order, blank lines, line endings and every other line stay byte for
 * byte; the result is read again before it is returned, so no change can alter what another line means.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { scanDotenv, type ScannedAssignment } from "./scan.ts";
import { lineEnding } from "./text.ts";

/** A new right-hand side as {@linkcode quoteDotenv} writes it, or null to remove the name. */
export type DotenvChanges = ReadonlyMap<string, { readonly written: string; readonly value: string } | null>;

interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

const LINE_END = /\r\n|[\n\r\u2028\u2029]/g;

function lineStart(text: string, at: number): number {
  let start = at;
  while (start > 0 && !"\n\r\u2028\u2029".includes(text[start - 1]!)) start -= 1;
  return start;
}

function lineEnd(text: string, at: number): number {
  LINE_END.lastIndex = at;
  return LINE_END.exec(text) === null ? text.length : LINE_END.lastIndex;
}

function replacement(text: string, found: ScannedAssignment, written: string): Splice {
  // A "#" directly after an unquoted value would begin a comment inside what sh takes for the value.
  const gap = text[found.valueEnd] === "#" ? " " : "";
  return { start: found.valueStart, end: found.valueEnd, text: written + gap };
}

function removal(text: string, found: ScannedAssignment): Splice {
  // A byte order mark before the first name stays where it is.
  const start = lineStart(text, found.start);
  const keepsMark = start === 0 && text.startsWith("\ufeff") ? 1 : 0;
  return { start: start + keepsMark, end: lineEnd(text, found.valueEnd), text: "" };
}

function spliced(text: string, splices: readonly Splice[]): string {
  let out = "", at = 0;
  for (const splice of splices.toSorted((a, b) => a.start - b.start)) {
    out += text.slice(at, splice.start) + splice.text;
    at = splice.end;
  }
  return out + text.slice(at);
}

function appended(text: string, lines: readonly string[]): string {
  if (lines.length === 0) return text;
  const ending = lineEnding(text);
  const gap = text === "" || text === "\ufeff" || /[\r\n]$/.test(text) ? "" : ending;
  return text + gap + lines.map((line) => line + ending).join("");
}

/** Values by name, the last one counting. */
function valuesOf(text: string): Map<string, string> {
  return new Map(scanDotenv(text).assignments.map(({ name, value }) => [name, value]));
}

function sameValues(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  return a.size === b.size && [...a].every(([name, value]) => b.get(name) === value);
}

/**
 * `text` with the changes: a name that is there gets its new value in place (its last occurrence, the one that counts), one
 * that is not there is added at the end in the order of `changes`, a removed one loses its lines. A name that has its value
 * already is not touched.
 *
 * @throws {AppError} `invalid_input` when the text is so broken (a quote that is never closed …) that the change would alter
 * what its other lines mean
 */
export function editDotenv(text: string, changes: DotenvChanges, what: string): string {
  const { assignments } = scanDotenv(text);
  const expected = valuesOf(text);
  const last = new Map(assignments.map((found) => [found.name, found]));
  const splices: Splice[] = [];
  const added: string[] = [];
  for (const [name, change] of changes) {
    const found = last.get(name);
    if (change === null) {
      splices.push(...assignments.filter((a) => a.name === name).map((a) => removal(text, a)));
      expected.delete(name);
    } else {
      if (found === undefined) added.push(`${name}=${change.written}`);
      else if (found.value !== change.value) splices.push(replacement(text, found, change.written));
      expected.set(name, change.value);
    }
  }
  const edited = appended(spliced(text, splices), added);
  if (!sameValues(valuesOf(edited), expected)) {
    throw new AppError("invalid_input", { what, reason: "one of its lines cannot be told apart from the next" });
  }
  return edited;
}
