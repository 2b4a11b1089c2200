/**
 * The head of an HTTP/1.1 request as bytes (RFC 9112 §3, §5, §6). The framing is ours alone: whatever a caller's headers say about
 * it, exactly one of `Content-Length` and `Transfer-Encoding: chunked` goes out, so nobody after us can read two messages in one.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import type { HeaderLine } from "../../../ports/upstream.ts";

/** How the body is delimited: bytes that are known, pieces as they come, or no body. */
export type RequestFraming = number | "chunked" | "none";

/** RFC 9110 §5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** RFC 9110 §5.5, and only what fits a byte. */
const FIELD = /^[\t\x20-\x7e\x80-\xff]*$/;
/** What the URL parser leaves of a path and a query; a space would end the request target. */
const TARGET = /^\/[\x21-\x7e]*$/;
const METHODS_WITH_BODY: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH"]);
/** They are about this connection or the framing. The engine drops them; here a forgotten one would smuggle. */
const OURS: ReadonlySet<string> = new Set([
  "connection",
  "content-length",
  "expect",
  "host",
  "keep-alive",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

const encoder = new TextEncoder();

/**
 * @param defaults Headers that are added unless the request has them; names in lower case.
 * @throws {TypeError} for what the engine must never let through
 */
export function requestHead(
  url: URL,
  method: string,
  headers: readonly HeaderLine[],
  framing: RequestFraming,
  defaults: readonly HeaderLine[],
): Bytes {
  const target = url.pathname + url.search;
  if (!TOKEN.test(method) || method === "CONNECT" || !TARGET.test(target)) {
    throw new TypeError("A method or path holds what none can");
  }
  const named = new Set<string>();
  let lines = "";
  for (const [name, value] of headers) {
    const lower = name.toLowerCase();
    if (OURS.has(lower) || !TOKEN.test(name) || !FIELD.test(value)) {
      throw new TypeError("A request header holds what none can");
    }
    named.add(lower);
    lines += `${name}: ${value}\r\n`;
  }
  for (const [name, value] of defaults) if (!named.has(name)) lines += `${name}: ${value}\r\n`;
  return encode(`${method} ${target} HTTP/1.1\r\nhost: ${url.host}\r\n${lines}${framingLine(method, framing)}\r\n`);
}

function framingLine(method: string, framing: RequestFraming): string {
  if (framing === "chunked") return "transfer-encoding: chunked\r\n";
  if (framing !== "none") return `content-length: ${framing}\r\n`;
  // RFC 9110 §8.6: methods that are about a body say that there is none.
  return METHODS_WITH_BODY.has(method) ? "content-length: 0\r\n" : "";
}

/** Header text is bytes, one a character. */
function encode(text: string): Bytes {
  const bytes = encoder.encode(text);
  return bytes.length === text.length ? bytes : Uint8Array.from(text, (character) => character.charCodeAt(0));
}
