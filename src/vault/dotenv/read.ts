/**
 * Reading a `.env` file into secrets.
 *
 * @module
 */

import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import { Secret } from "../../kernel/secret.ts";
import { scanDotenv } from "./scan.ts";
import { dotenvText } from "./text.ts";

/** What a `.env` file holds. The caller disposes of the values. */
export interface DotenvContent {
  /** Each name once, with its last value, in the order of their first lines. */
  readonly values: ReadonlyMap<SecretName, Secret>;
  /** Lines that are neither blank nor a comment nor an assignment, from 1. */
  readonly ignoredLines: readonly number[];
  /** Lines whose name is no secret name (`a.b`, `1A`), from 1. */
  readonly unusableLines: readonly number[];
}

function secretName(text: string): SecretName | undefined {
  try {
    return parseSecretName(text);
  } catch {
    return undefined;
  }
}

/** Reads the bytes of a `.env` file. `what` names it in the error. @throws {AppError} `invalid_input` when it is no text */
export function readDotenv(bytes: Uint8Array, what: string): DotenvContent {
  const { assignments, ignoredLines } = scanDotenv(dotenvText(bytes, what));
  const values = new Map<SecretName, Secret>();
  const unusableLines: number[] = [];
  for (const { name: text, value, line } of assignments) {
    const name = secretName(text);
    if (name === undefined) {
      unusableLines.push(line);
      continue;
    }
    values.get(name)?.dispose();
    values.set(name, Secret.fromText(value));
  }
  return { values, ignoredLines, unusableLines };
}
