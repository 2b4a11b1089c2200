/**
 * What a request's body is when nobody said so.
 *
 * @module
 */

import type { Body, HeaderLine, InjectionLine } from "../proxy/door.ts";

/** A body that is a JSON object or array says so, unless a header or an injection says what it is. */
export function withContentType(
  headers: readonly HeaderLine[],
  body: Body | undefined,
  injections: readonly InjectionLine[],
): readonly HeaderLine[] {
  const said = headers.some(([name]) => name.toLowerCase() === "content-type") ||
    injections.some(([place]) => place.startsWith("form:") || place.startsWith("body:"));
  return said || !(body instanceof Uint8Array) || !isJson(body)
    ? headers
    : [...headers, ["content-type", "application/json"]];
}

function isJson(body: Uint8Array): boolean {
  const text = new TextDecoder().decode(body);
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
