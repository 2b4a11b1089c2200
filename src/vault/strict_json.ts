/**
 * Reading our own small JSON files strictly and cheaply: exact fields, known versions, no schema library (these files are read
 * by every command, and start-up time is part of the product).
 *
 * @module
 */

import { fromUtf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";

/** Largest file of this kind: more is damage, not configuration. */
const MAX_FILE_BYTES = 1024 * 1024;

/** A JSON value inside a named file: each accessor gives one type or refuses, saying where. */
export class StrictJson {
  readonly #path: string;
  readonly #where: string;
  readonly #value: unknown;

  private constructor(path: string, where: string, value: unknown) {
    this.#path = path;
    this.#where = where;
    this.#value = value;
  }

  /** The root of a file. @throws {AppError} `config_damaged` */
  static parse(path: string, bytes: Uint8Array): StrictJson {
    const refuse = (reason: string): never => {
      throw new AppError("config_damaged", { path, reason });
    };
    if (bytes.length > MAX_FILE_BYTES) return refuse("it is too large");
    let value: unknown;
    try {
      value = JSON.parse(fromUtf8(bytes));
    } catch {
      return refuse("it is not JSON");
    }
    return new StrictJson(path, "", value);
  }

  /** Throws `config_damaged` for this place. Says where, never what stood there. */
  refuse(reason: string): never {
    throw new AppError("config_damaged", {
      path: this.#path,
      reason: this.#where === "" ? reason : `${this.#where}: ${reason}`,
    });
  }

  /** Refuses any `version` but `known`. @throws {AppError} `unsupported_format`, `config_damaged` */
  version(known: number): void {
    const version = this.#object()["version"];
    if (version === known) return;
    if (typeof version !== "number" && typeof version !== "string") this.refuse("it has no version");
    throw new AppError("unsupported_format", { what: this.#path, version: String(version).slice(0, 16) });
  }

  /** Refuses fields that are not among `names`. */
  onlyFields(...names: readonly string[]): void {
    const unknown = Object.keys(this.#object()).find((name) => !names.includes(name));
    if (unknown !== undefined) this.refuse("it has a field that is not known here");
  }

  /** A field that must be there. */
  field(name: string): StrictJson {
    return this.optional(name) ?? this.#at(name, undefined).refuse("it is missing");
  }

  /** A field, or undefined when it is not there. */
  optional(name: string): StrictJson | undefined {
    const object = this.#object();
    return Object.hasOwn(object, name) ? this.#at(name, object[name]) : undefined;
  }

  /** Every field with its value. */
  entries(): (readonly [string, StrictJson])[] {
    return Object.entries(this.#object()).map(([name, value]) => [name, this.#at(name, value)]);
  }

  /** The members of a list of at most `max`. */
  list(max: number): StrictJson[] {
    const value = this.#value;
    if (!Array.isArray(value) || value.length > max) this.refuse("it is no list, or too long");
    return value.map((member, i) => this.#at(String(i), member));
  }

  /** Text that `is` accepts. */
  text<T extends string>(is: (text: string) => text is T): T {
    const value = this.#value;
    return typeof value === "string" && is(value) ? value : this.refuse("it has no valid value");
  }

  /** A whole number in `min`…`max`. */
  integer(min: number, max: number): number {
    const value = this.#value;
    return typeof value === "number" && Number.isSafeInteger(value) && value >= min && value <= max
      ? value
      : this.refuse("it has no valid value");
  }

  #at(name: string, value: unknown): StrictJson {
    // A file may name a field anything; only plain names are repeated in an error.
    const safe = /^[\w-]{1,40}$/.test(name) ? name : "a field";
    return new StrictJson(this.#path, this.#where === "" ? safe : `${this.#where}.${safe}`, value);
  }

  #object(): Readonly<Record<string, unknown>> {
    const value = this.#value;
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.refuse("it is not an object");
    return value as Readonly<Record<string, unknown>>;
  }
}

/** A guard from a parser that throws: whether `text` is already in its normal form. */
export function accepted<T extends string>(parse: (text: string) => T): (text: string) => text is T {
  return (text): text is T => {
    try {
      return parse(text) === text;
    } catch {
      return false;
    }
  };
}
