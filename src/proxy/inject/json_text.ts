/**
 * Setting one member in a JSON text (RFC 8259) without rewriting the rest: numbers keep their digits, members their order, and
 * white space stays where it is.
 *
 * @module
 */

/** Why a member cannot be set. */
export class JsonPlaceError extends Error {
  override readonly name = "JsonPlaceError";
}

/**
 * `text` with the member at `path` set to `literal` (JSON text itself). Missing objects on the way are made; an empty text counts
 * as `{}`.
 *
 * @param isChecked `text` is known to be JSON: finding that out of a large one costs more than all else.
 * @throws {JsonPlaceError} If the text is not JSON, something on the way is no object, or a name on the way appears twice.
 */
export function setJsonMember(text: string, path: readonly string[], literal: string, isChecked = false): string {
  const json = text.trim() === "" ? "{}" : text;
  if (!isChecked) checkJson(json);
  const edit = locate(json, skipSpace(json, 0), path, literal);
  return json.slice(0, edit.start) + edit.text + json.slice(edit.end);
}

/** From here on the text is known to be well-formed. */
function checkJson(json: string): void {
  if (isTooDeep(json)) throw new JsonPlaceError("the body is nested too deeply");
  try {
    JSON.parse(json);
  } catch {
    // The parser's message quotes the text: it goes no further.
    throw new JsonPlaceError("the body is not valid JSON");
  }
}

/** Most levels of a body. The parser would take millions, each at the price of an object. */
const MAX_DEPTH = 100_000;

/** Whether there are more levels; of a text that is not JSON nothing is told. */
function isTooDeep(json: string): boolean {
  let depth = 0;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) at = stringEnd(json, at);
    // Brackets and braces differ in this bit and no other.
    else if ((code | 0x20) === 0x7b && ++depth > MAX_DEPTH) return true;
    else if ((code | 0x20) === 0x7d) depth--;
  }
  return false;
}

/** The position of the quote that ends the string which begins at `at`, or the text's end. */
function stringEnd(json: string, at: number): number {
  for (at++; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (code === 0x22) break;
    if (code === 0x5c) at++;
  }
  return at;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

function locate(json: string, at: number, path: readonly string[], literal: string): Edit {
  const [step, ...rest] = path as [string, ...string[]];
  if (json[at] !== "{") throw new JsonPlaceError("something on the way is not an object");
  const { spans, end, empty } = members(json, at, step);
  if (spans.length > 1) throw new JsonPlaceError("a name on the way appears twice");
  const found = spans[0];
  if (found === undefined) {
    return { start: end, end, text: `${empty ? "" : ","}${JSON.stringify(step)}:${nest(rest, literal)}` };
  }
  return rest.length === 0 ? { ...found, text: literal } : locate(json, found.start, rest, literal);
}

/** `{"a":{"b":literal}}` for a, b. */
function nest(path: readonly string[], literal: string): string {
  return path.reduceRight((inner, step) => `{${JSON.stringify(step)}:${inner}}`, literal);
}

/** Where the values of the members called `name` are, and where another member could be added. */
function members(
  json: string,
  open: number,
  name: string,
): { spans: { start: number; end: number }[]; end: number; empty: boolean } {
  const spans: { start: number; end: number }[] = [];
  let at = skipSpace(json, open + 1);
  if (json[at] === "}") return { spans, end: open + 1, empty: true };
  for (;;) {
    const nameEnd = skipString(json, at);
    const isIt = isName(json, at, nameEnd, name);
    const start = skipSpace(json, skipSpace(json, nameEnd) + 1);
    const end = skipValue(json, start);
    if (isIt) spans.push({ start, end });
    at = skipSpace(json, end);
    if (json[at] === "}") return { spans, end, empty: false };
    at = skipSpace(json, at + 1);
  }
}

/** Whether the string from `at` to `end` stands for `name`. Made only of one with an escape: a body may have a million others. */
function isName(json: string, at: number, end: number, name: string): boolean {
  const length = end - at - 2;
  if (length < name.length) return false;
  const text = json.slice(at, end);
  return text.includes("\\") ? JSON.parse(text) === name : length === name.length && text.startsWith(name, 1);
}

function skipSpace(json: string, at: number): number {
  while (at < json.length && " \t\r\n".includes(json[at]!)) at++;
  return at;
}

/** The position behind the string that begins at `at`. */
function skipString(json: string, at: number): number {
  for (at++; json[at] !== '"'; at++) if (json[at] === "\\") at++;
  return at + 1;
}

/** The position behind the value that begins at `at`; flat, so that deep nesting cannot exhaust the stack. */
function skipValue(json: string, at: number): number {
  let depth = 0;
  do {
    const character = json[at]!;
    if (character === '"') at = skipString(json, at);
    else {
      if (character === "{" || character === "[") depth++;
      else if (character === "}" || character === "]") depth--;
      else if (depth === 0) return skipScalar(json, at);
      at++;
    }
  } while (depth > 0);
  return at;
}

function skipScalar(json: string, at: number): number {
  while (at < json.length && !",}] \t\r\n".includes(json[at]!)) at++;
  return at;
}
