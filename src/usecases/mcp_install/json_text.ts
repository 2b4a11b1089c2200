/**
 * JSON with comments and trailing commas, as editors keep their settings, read with the position of everything: so that a
 * change can leave the rest as it is.
 *
 * @module
 */

/** A value and where it stands. */
export type JsonNode = JsonObject | {
  readonly kind: "other";
  readonly start: number;
  readonly end: number;
  readonly value: unknown;
};

/** An object from its `{` to behind its `}`. */
export interface JsonObject {
  readonly kind: "object";
  readonly start: number;
  readonly end: number;
  readonly members: readonly JsonMember[];
}

export interface JsonMember {
  readonly key: string;
  readonly keyStart: number;
  readonly value: JsonNode;
  /** Position of the comma behind it. */
  readonly comma: number | undefined;
}

/** What a text is not, and where. The text is not quoted: settings may hold credentials. */
export class JsonTextError extends Error {
  override readonly name = "JsonTextError";
}

/** Deeper nesting is taken for damage. */
const MAX_DEPTH = 200;
const TOKEN = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)/y;
// deno-lint-ignore no-control-regex -- JSON's strings hold none (RFC 8259 §7)
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SPACE = /(?:[ \t\r\n\ufeff]|\/\/[^\n]*|\/\*[\s\S]*?\*\/)*/y;

/** The value of a text, or undefined for one without any (empty, or comments only). @throws {JsonTextError} */
export function readJsonText(text: string): JsonNode | undefined {
  const reader = new Reader(text);
  reader.space();
  if (reader.at === text.length) return undefined;
  const node = reader.value(0);
  reader.space();
  if (reader.at < text.length) throw reader.refuse("something stands behind its end");
  return node;
}

/** The value of a node, as `JSON.parse` gives it. */
export function valueOf(node: JsonNode): unknown {
  if (node.kind === "other") return node.value;
  return Object.fromEntries(node.members.map(({ key, value }) => [key, valueOf(value)]));
}

class Reader {
  at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  refuse(what: string): JsonTextError {
    return new JsonTextError(`line ${this.#text.slice(0, this.at).split("\n").length}: ${what}`);
  }

  space(): void {
    this.#take(SPACE);
  }

  value(depth: number): JsonNode {
    if (depth > MAX_DEPTH) throw this.refuse("it is nested too deeply");
    const start = this.at;
    const first = this.#text[this.at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return { kind: "other", start, value: this.#array(depth), end: this.at };
    const token = this.#take(first === '"' ? STRING : TOKEN);
    if (token === "") throw this.refuse("there is no value where one should be");
    return { kind: "other", start, end: this.at, value: JSON.parse(token) };
  }

  #object(depth: number): JsonObject {
    const start = this.at++;
    const members: JsonMember[] = [];
    for (;;) {
      this.space();
      if (this.#text[this.at] === "}") return { kind: "object", start, end: ++this.at, members };
      if (members.length > 0 && members.at(-1)!.comma === undefined) throw this.refuse("a comma or a brace is missing");
      members.push(this.#member(depth));
    }
  }

  #member(depth: number): JsonMember {
    const keyStart = this.at;
    const key = this.#take(STRING);
    if (key === "") throw this.refuse("there is no name where one should be");
    this.space();
    if (this.#text[this.at] !== ":") throw this.refuse("a colon is missing");
    this.at++;
    this.space();
    const value = this.value(depth + 1);
    this.space();
    const comma = this.#text[this.at] === "," ? this.at++ : undefined;
    return { key: JSON.parse(key), keyStart, value, comma };
  }

  #array(depth: number): unknown[] {
    this.at++;
    const items: unknown[] = [];
    let more = true;
    for (;;) {
      this.space();
      if (this.#text[this.at] === "]") {
        this.at++;
        return items;
      }
      if (!more) throw this.refuse("a comma or a bracket is missing");
      items.push(valueOf(this.value(depth + 1)));
      this.space();
      more = this.#text[this.at] === ",";
      if (more) this.at++;
    }
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.at += found.length;
    return found;
  }
}
