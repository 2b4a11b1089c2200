/**
 * Which headers cross the engine. What belongs to one connection (RFC 9110 §7.6.1), to our own doors (`X-AS-*`) or to the
 * framing of a message is dropped in both directions; what could end a line or smuggle a second message is refused.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import type { HeaderLine } from "../ports/upstream.ts";

/** Most header lines that a request may have. */
export const MAX_HEADERS = 200;
/** Most bytes of names and values in all of them. */
export const MAX_HEADER_BYTES = 64 * 1024;

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,256}$/;
/** Field content that stays on its line: no control character but tab, and only what fits a byte. */
const FIELD = /^[\t\x20-\x7e\x80-\xff]*$/;

const HOP_BY_HOP: ReadonlySet<string> = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authentication-info",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "http2-settings",
]);
/** Set by the way itself: from the URL, the body, or because the answer must be readable. */
const OURS_IN_REQUESTS: ReadonlySet<string> = new Set(["host", "content-length", "expect", "accept-encoding"]);
const DROPPED_IN_REQUESTS: ReadonlySet<string> = new Set([...HOP_BY_HOP, ...OURS_IN_REQUESTS]);
/** Made untrue by decoding or redacting, or about the upstream's connection rather than ours. */
const UNTRUE_IN_ANSWERS: ReadonlySet<string> = new Set([
  "content-length",
  "content-encoding",
  "content-md5",
  "digest",
  "content-digest",
  "repr-digest",
  "want-digest",
  "alt-svc",
]);

const NO_NAMES: ReadonlySet<string> = new Set();

/** Whether `name` may be a header's name. */
export function isHeaderName(name: string): boolean {
  return TOKEN.test(name);
}

/** Whether `value` stays within one header line. */
export function isHeaderValue(value: string): boolean {
  return FIELD.test(value);
}

/** Whether the engine or the transport alone decides about that request header (any case). */
export function isReservedInRequests(name: string): boolean {
  const lower = name.toLowerCase();
  return isDroppedInRequests(lower) || lower === "content-encoding";
}

/**
 * The caller's headers that go on to the target, in their order.
 *
 * @throws {AppError} `bad_request` for a name or value that is not one, or too many of them
 */
export function forwardedHeaders(headers: readonly HeaderLine[]): HeaderLine[] {
  const named = namedByConnection(headers), kept: HeaderLine[] = [];
  let size = 0;
  for (const line of headers) {
    const [name, value] = line;
    size += name.length + value.length;
    if (!isHeaderName(name)) throw new AppError("bad_request", { reason: `'${showable(name)}' is not a header name` });
    if (!isHeaderValue(value)) {
      throw new AppError("bad_request", { reason: `the header ${showable(name)} holds a control character` });
    }
    const lower = name.toLowerCase();
    if (!isDroppedInRequests(lower) && !named.has(lower)) kept.push(line);
  }
  if (headers.length > MAX_HEADERS || size > MAX_HEADER_BYTES) {
    throw new AppError("bad_request", { reason: "it has too many headers or too large ones" });
  }
  return kept;
}

function isDroppedInRequests(lower: string): boolean {
  return DROPPED_IN_REQUESTS.has(lower) || lower.startsWith("x-as-") || lower.startsWith("proxy-");
}

/**
 * The upstream's headers that go on to the caller. With `hasBody`, headers about exact bytes are dropped and a strong `ETag`
 * becomes weak (RFC 9110 §8.8.1): decoding and redacting may have changed the bytes, but not what they mean.
 */
export function returnedHeaders(headers: readonly HeaderLine[], hasBody: boolean): HeaderLine[] {
  const named = namedByConnection(headers);
  const kept: HeaderLine[] = [];
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (HOP_BY_HOP.has(lower) || named.has(lower) || lower.startsWith("x-as-") || lower === "alt-svc") continue;
    if (hasBody && UNTRUE_IN_ANSWERS.has(lower)) continue;
    kept.push(hasBody && lower === "etag" && value.startsWith('"') ? [name, `W/${value}`] : [name, value]);
  }
  return kept;
}

/** The value of the first header of that name. */
export function headerValue(headers: readonly HeaderLine[], name: string): string | undefined {
  return headers.find(([key]) => key.toLowerCase() === name)?.[1];
}

/** The values of all headers of that name as one list (RFC 9110 §5.3); null without any. */
export function headerList(headers: readonly HeaderLine[], name: string): string | null {
  let list: string | null = null;
  for (const [key, value] of headers) {
    if (key.toLowerCase() === name) list = list === null ? value : `${list},${value}`;
  }
  return list;
}

/** `headers` with every line of that name replaced by one. */
export function withHeader(headers: readonly HeaderLine[], name: string, value: string): HeaderLine[] {
  const lower = name.toLowerCase();
  return [...headers.filter(([key]) => key.toLowerCase() !== lower), [name, value]];
}

function namedByConnection(headers: readonly HeaderLine[]): ReadonlySet<string> {
  const list = headerList(headers, "connection");
  return list === null ? NO_NAMES : new Set(list.split(",").map((name) => name.trim().toLowerCase()));
}
