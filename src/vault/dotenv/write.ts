/**
 * Writing secrets into a `.env` file (storage mode 2), and their names into `.env.example`.
 *
 * @module
 */

import { type Bytes, fromUtf8 } from "../../kernel/bytes.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { editDotenv } from "./edit.ts";
import { quoteDotenv } from "./quote.ts";
import { scanDotenv } from "./scan.ts";
import { dotenvBytes, dotenvText } from "./text.ts";

/** New values by name; null removes the name. */
export type DotenvUpdate = ReadonlyMap<SecretName, Secret | null>;

/** An updated `.env` file. */
export interface WrittenDotenv {
  readonly bytes: Bytes;
  /** Names whose value `.env` cannot spell: neither old nor new value of theirs is in the file. */
  readonly leftOut: readonly SecretName[];
}

/**
 * The file with the update; `before` undefined when there is none yet. Everything else in it stays byte for byte.
 *
 * @throws {AppError} `invalid_input` when the file is no text or too broken to be changed safely
 */
export function updateDotenv(before: Uint8Array | undefined, update: DotenvUpdate, what: string): WrittenDotenv {
  const leftOut: SecretName[] = [];
  const changes = new Map<string, { readonly written: string; readonly value: string } | null>();
  for (const [name, secret] of update) {
    // EXPOSE: storage mode 2 is the person's choice to have the values in this file, which is written 0600.
    const value = secret === null ? undefined : secret.expose((bytes) => fromUtf8(bytes));
    const written = value === undefined ? undefined : quoteDotenv(value);
    if (value !== undefined && written === undefined) leftOut.push(name);
    changes.set(name, value === undefined || written === undefined ? null : { written, value });
  }
  const text = before === undefined ? "" : dotenvText(before, what);
  return { bytes: dotenvBytes(editDotenv(text, changes, what)), leftOut };
}

/**
 * `.env.example` with the names `added` (empty values) and without the lines of `removed`. A name that is there already keeps
 * its line, sample value and comment; so does everything else.
 *
 * @throws {AppError} `invalid_input` when the file is no text or too broken to be changed safely
 */
export function updateExample(
  before: Uint8Array | undefined,
  added: Iterable<SecretName>,
  removed: Iterable<SecretName>,
  what: string,
): Bytes {
  const text = before === undefined ? "" : dotenvText(before, what);
  const present = new Set(scanDotenv(text).assignments.map(({ name }) => name));
  const changes = new Map<string, { readonly written: string; readonly value: string } | null>();
  for (const name of removed) changes.set(name, null);
  for (const name of added) {
    if (present.has(name)) changes.delete(name);
    else changes.set(name, { written: "", value: "" });
  }
  return dotenvBytes(editDotenv(text, changes, what));
}
