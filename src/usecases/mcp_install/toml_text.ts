/**
 * The statements of a TOML text with their positions: headers of tables, and keys with their values' places (TOML 1.0). Values are
 * not read, only stepped over; what cannot be stepped over is damage.
 *
 * @module
 */

/** `[a.b]` or `[[a.b]]`. */
export interface TomlHeader {
  readonly kind: "header";
  readonly path: readonly string[];
  readonly isArray: boolean;
  readonly start: number;
  /** Behind its line's end. */
  readonly end: number;
}

/** `a.b = value`. */
export interface TomlPair {
  readonly kind: "pair";
  readonly path: readonly string[];
  readonly start: number;
  readonly valueStart: number;
  readonly valueEnd: number;
  /** Behind its line's end. */
  readonly end: number;
}

export type TomlStatement = TomlHeader | TomlPair;

/** What a text is not, and where. The text is not quoted: settings may hold credentials. */
export class TomlTextError extends Error {
  override readonly name = "TomlTextError";
}

const BLANK = /[ \t]*/y;
const COMMENT = /#[^\n]*/y;
const LINE_END = /\r?\n/y;
const BARE = /[A-Za-z0-9_-]+/y;
const LITERAL = /'[^'\n]*'/y;
const BASIC = /"(?:[^"\\\n]|\\[^\n])*"/y;
const LONG_BASIC = /"""(?:\\[\s\S]|(?!""")[^\\])*"{3,5}/y;
const LONG_LITERAL = /'''(?:(?!''')[\s\S])*'{3,5}/y;
const SCALAR = /[A-Za-z0-9_+.:-]+(?: [0-9][0-9:.Zz+-]*)?/y;

/** All statements, in order. @throws {TomlTextError} */
export function readTomlText(text: string): TomlStatement[] {
  return new Reader(text).statements();
}

class Reader {
  #at = 0;
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
    if (text.startsWith("\ufeff")) this.#at = 1;
  }

  statements(): TomlStatement[] {
    const found: TomlStatement[] = [];
    while (this.#at < this.#text.length) {
      this.#take(BLANK);
      const first = this.#text[this.#at];
      if (first === "[") found.push(this.#header());
      else if (first !== undefined && first !== "#" && first !== "\n" && first !== "\r") found.push(this.#pair());
      else this.#endOfLine();
    }
    return found;
  }

  #header(): TomlHeader {
    const start = this.#at++;
    const isArray = this.#text[this.#at] === "[";
    if (isArray) this.#at++;
    const path = this.#key();
    this.#expect(isArray ? "]]" : "]");
    this.#endOfLine();
    return { kind: "header", path, isArray, start, end: this.#at };
  }

  #pair(): TomlPair {
    const start = this.#at;
    const path = this.#key();
    this.#expect("=");
    this.#take(BLANK);
    const valueStart = this.#at;
    this.#value(0);
    const valueEnd = this.#at;
    this.#endOfLine();
    return { kind: "pair", path, start, valueStart, valueEnd, end: this.#at };
  }

  #key(): string[] {
    const path: string[] = [];
    for (;;) {
      this.#take(BLANK);
      path.push(this.#keyPart());
      this.#take(BLANK);
      if (this.#text[this.#at] !== ".") return path;
      this.#at++;
    }
  }

  #keyPart(): string {
    const bare = this.#take(BARE);
    if (bare !== "") return bare;
    const literal = this.#take(LITERAL);
    if (literal !== "") return literal.slice(1, -1);
    const basic = this.#take(BASIC);
    if (basic === "") throw this.#refuse("there is no key where one should be");
    try {
      return JSON.parse(basic);
    } catch {
      throw this.#refuse("a key has an unknown escape");
    }
  }

  #value(depth: number): void {
    if (depth > 100) throw this.#refuse("it is nested too deeply");
    const rest = this.#text.slice(this.#at, this.#at + 3);
    if (rest[0] === "[") return this.#list(depth, "]", () => this.#value(depth + 1));
    if (rest[0] === "{") {
      return this.#list(depth, "}", () => {
        this.#key();
        this.#expect("=");
        this.#take(BLANK);
        this.#value(depth + 1);
      });
    }
    const pattern = rest === '"""'
      ? LONG_BASIC
      : rest === "'''"
      ? LONG_LITERAL
      : rest[0] === '"'
      ? BASIC
      : rest[0] === "'"
      ? LITERAL
      : SCALAR;
    if (this.#take(pattern) === "") throw this.#refuse("there is no value where one should be");
  }

  #list(_depth: number, close: "]" | "}", item: () => void): void {
    this.#at++;
    for (let more = true;;) {
      this.#space();
      if (this.#text[this.#at] === close) {
        this.#at++;
        return;
      }
      if (!more) throw this.#refuse("a comma or a bracket is missing");
      item();
      this.#space();
      more = this.#text[this.#at] === ",";
      if (more) this.#at++;
    }
  }

  /** Blanks, line ends and comments inside brackets. */
  #space(): void {
    while (this.#take(BLANK) + this.#take(COMMENT) + this.#take(LINE_END) !== "");
  }

  #endOfLine(): void {
    this.#take(BLANK);
    this.#take(COMMENT);
    if (this.#take(LINE_END) === "" && this.#at < this.#text.length) {
      throw this.#refuse("a line goes on where it should end");
    }
  }

  #expect(mark: string): void {
    if (!this.#text.startsWith(mark, this.#at)) throw this.#refuse(`'${mark}' is missing`);
    this.#at += mark.length;
  }

  #refuse(what: string): TomlTextError {
    return new TomlTextError(`line ${this.#text.slice(0, this.#at).split("\n").length}: ${what}`);
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? "";
    this.#at += found.length;
    return found;
  }
}
