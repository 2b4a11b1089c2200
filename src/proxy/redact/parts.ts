/**
 * Which parts of a secret value are secrets themselves: a program that receives `user:password`, a PEM file or a JSON service
 * account takes it apart, and echoes the parts.
 *
 * @module
 */

import { utf8 } from "../../kernel/bytes.ts";
import { MIN_REDACTABLE_BYTES, REDACTION_MARKER } from "../../kernel/limits.ts";

/** Lines of a value that are looked for one by one have at least this many bytes. */
export const MIN_LINE_BYTES = 16;
/** Most parts of one value; the longest are kept. */
export const MAX_PARTS = 512;

/** Members of a JSON object that hold something private. */
const PRIVATE_MEMBER =
  /key|secret|token|passw|pwd|credential|private|auth|cert|cookie|session|sign|salt|seed|dsn|connection/i;
const PEM_BOUNDARY = /^-----(BEGIN|END) [A-Z0-9 ]+-----$/;
const URL_WITH_PASSWORD = /^[a-z][a-z0-9+.-]*:\/\/[^/?#\s]*:([^/?#\s]*)@/i;
const SCHEME = /^(?:bearer|basic|token|apikey|digest)\s+(\S.*)$/i;

/**
 * Whether bytes can be searched for: long enough not to match by chance, and not a piece of the marker that would stand in their
 * place.
 */
export function isSearchable(value: Uint8Array): boolean {
  if (value.length < MIN_REDACTABLE_BYTES) return false;
  return value.length > REDACTION_MARKER.length || !REDACTION_MARKER.includes(latin1(value));
}

/** `value` and its private parts, without repetition, longest first after the value itself; all searchable. */
export function searchedParts(value: Uint8Array): Uint8Array[] {
  const found = new Map<string, Uint8Array>();
  const add = (part: Uint8Array): void => {
    if (isSearchable(part)) found.set(latin1(part), part);
  };
  const text = decode(value);
  if (text !== undefined) {
    for (const part of [text, ...textParts(text)]) {
      add(utf8(part));
      if (/[^\0-\x7f]/.test(part)) inLatin1(part).forEach(add);
    }
  }
  found.delete(latin1(value));
  const parts = [...found.values()].sort((a, b) => b.length - a.length).slice(0, MAX_PARTS);
  return isSearchable(value) ? [value.slice(), ...parts] : parts;
}

/** What a server makes of `text` that reads its bytes as Latin-1 (header values!), or that answers in Latin-1. */
function inLatin1(text: string): Uint8Array[] {
  const misread = utf8(latin1(utf8(text)));
  return /[^\0-\xff]/.test(text) ? [misread] : [misread, Uint8Array.from(text, (character) => character.charCodeAt(0))];
}

/** The parts of `text`, itself left out. */
function* textParts(text: string): Generator<string> {
  const trimmed = text.trim();
  yield trimmed;
  const json = /^[[{]/.test(trimmed) ? parseJson(trimmed) : undefined;
  if (json !== undefined) {
    yield* jsonParts(json, false);
  } else if (/[\r\n]/.test(trimmed)) {
    // A value stored with one kind of line end and echoed with another.
    yield trimmed.replace(/\r\n?/g, "\n");
    yield* lines(trimmed);
  } else {
    yield* lineParts(trimmed);
  }
  // The marker would otherwise complete the value again between its own ends.
  yield* trimmed.split(REDACTION_MARKER);
}

function* lines(text: string): Generator<string> {
  const trimmed = text.split(/[\r\n]+/).map((line) => line.trim());
  for (const line of trimmed) {
    if (PEM_BOUNDARY.test(line) || line.length < MIN_LINE_BYTES) continue;
    yield line;
  }
  // PEM without its line breaks and boundaries.
  if (trimmed.some((line) => PEM_BOUNDARY.test(line))) {
    const body = trimmed.filter((line) => /^[A-Za-z0-9+/=]+$/.test(line)).join("");
    if (body.length >= MIN_LINE_BYTES) yield body;
  }
}

/** Parts of a value of one line. */
function* lineParts(text: string): Generator<string> {
  const scheme = SCHEME.exec(text)?.[1];
  if (scheme !== undefined) yield scheme;
  const password = URL_WITH_PASSWORD.exec(text)?.[1];
  if (password !== undefined) {
    yield password;
    yield percentDecoded(password);
  }
  const pair = text.includes("://") ? undefined : /^[^:\s]*:([^]*)$/.exec(text)?.[1];
  if (pair !== undefined) yield pair;
}

function* jsonParts(json: unknown, isPrivate: boolean): Generator<string> {
  if (typeof json === "string") {
    if (isPrivate) {
      yield json;
      yield* textParts(json);
    } else if (URL_WITH_PASSWORD.test(json)) {
      yield* lineParts(json);
    }
  } else if (Array.isArray(json)) {
    for (const item of json) yield* jsonParts(item, isPrivate);
  } else if (typeof json === "object" && json !== null) {
    for (const [name, member] of Object.entries(json)) {
      // `auth_uri`, `token_uri`, `client_x509_cert_url` are public addresses.
      yield* jsonParts(member, PRIVATE_MEMBER.test(name) && !/ur[il]$/i.test(name));
    }
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function decode(value: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(value);
  } catch {
    return undefined;
  }
}

/** Each byte as the character of the same number: a key for a map, and what Latin-1 makes of it. */
export function latin1(value: Uint8Array): string {
  let text = "";
  for (let at = 0; at < value.length; at += 4096) text += String.fromCharCode(...value.subarray(at, at + 4096));
  return text;
}
