/**
 * A failure as a tool's result: the catalog's code, message and hint, as text for the model and as structured content for programs.
 *
 * @module
 */

import type { AppError } from "../kernel/error.ts";
import type { CallToolResult } from "./sdk.ts";

/** Most characters of a message, a hint or a fact: a message may quote what somebody made long on purpose. */
const MAX_SHOWN = 500;

/** `{ error: { code, message, hint, …facts } }` with `isError`. */
export function failureResult(failure: AppError): CallToolResult {
  const facts = Object.entries(failure.fields).map(([name, value]) =>
    [snakeCase(name), typeof value === "string" ? shown(value) : value] as const
  );
  const hint = failure.hint === undefined ? null : shown(failure.hint);
  const error = { ...Object.fromEntries(facts), code: failure.code, message: shown(failure.message), hint };
  const structuredContent = { error };
  return { isError: true, content: [{ type: "text", text: JSON.stringify(structuredContent) }], structuredContent };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** On one line and bounded. */
function shown(text: string): string {
  const safe = text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/gu, "?");
  return safe.length > MAX_SHOWN ? `${safe.slice(0, MAX_SHOWN)}…` : safe;
}
