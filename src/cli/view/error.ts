/**
 * How a failure is shown: what could not be done, then what to type next; as JSON, one envelope with the same words.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { printable, type Style } from "./style.ts";

/** Most characters of a message, a hint or a fact. */
const MAX_SHOWN = 500;

/** The JSON document of a failed command. `error` holds code, message, hint (null when there is none), exit and the facts. */
export interface ErrorDocument {
  readonly error: Readonly<Record<string, string | number | boolean | null>>;
}

/** The failure as JSON. The catalog's own members win over a fact of the same name. */
export function errorDocument(error: AppError, exit: number): ErrorDocument {
  const facts = Object.entries(error.fields).map(([name, value]) =>
    [snakeCase(name), typeof value === "string" ? shown(value) : value] as const
  );
  const hint = error.hint === undefined ? null : shown(error.hint);
  return { error: { ...Object.fromEntries(facts), code: error.code, message: shown(error.message), hint, exit } };
}

/** The failure for people: one line, and a second that begins with an arrow when there is something to do. */
export function errorText(error: AppError, style: Style): string {
  const hint = error.hint === undefined ? "" : `  ${style.cyan("→")} ${shown(error.hint)}\n`;
  return `${style.red("✗")} ${shown(error.message)}\n${hint}`;
}

/**
 * Where the failure happened, for AGENTSECRETS_DEBUG=1: classes, codes and stack frames of it and its causes. Messages of errors
 * that are not ours are left out, because a platform's message can quote what it was given.
 */
export function errorTrace(error: unknown): string {
  const lines: string[] = [];
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 8; at = at.cause, depth++) {
    lines.push(`${depth === 0 ? "" : "caused by "}${at.name}${at instanceof AppError ? ` ${at.code}` : ""}`);
    lines.push(...(at.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line)));
  }
  return lines.map((line) => `${line}\n`).join("");
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** On one line, printable and bounded: a message may quote a path or a name that somebody made to be read as something else. */
function shown(text: string): string {
  const safe = printable(text);
  return safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe;
}
