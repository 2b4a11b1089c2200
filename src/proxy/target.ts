/**
 * The target of a call: parsed once (WHATWG URL), and only the parsed form is used from then on, so that the check and the
 * connection cannot understand two different hosts.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";

/** Longest target that is looked at, in characters. */
export const MAX_TARGET = 32 * 1024;

/** A target's scheme, its authority as typed, and the rest. */
const SHAPE = /^(https?):\/\/([^/?#]*)/i;

/**
 * The target as a URL: https or http, host in lower-case ASCII without trailing dot, no user info, no fragment.
 *
 * @throws {AppError} `invalid_target`
 */
export function parseTarget(text: string): URL {
  const refuse = (reason: string): AppError => new AppError("invalid_target", { reason });
  if (text.length > MAX_TARGET) throw refuse(`it is longer than ${MAX_TARGET} characters`);
  // The URL parser would drop tabs and line breaks and trim spaces: two readers could then see two different URLs.
  if (/[\s\p{Cc}]/u.test(text)) throw refuse("it holds a space or a control character");
  const shape = SHAPE.exec(text);
  if (shape === null) throw refuse("it is not an absolute http or https URL");
  const typed = shape[2]!;
  if (typed === "") throw refuse("it names no host");
  if (typed.includes("@")) throw refuse("user names and passwords have no place in it");
  if (typed.includes("\\") || typed.includes("%")) throw refuse("its host is ambiguous");
  const url = URL.parse(text);
  if (url === null || url.hostname === "") throw refuse("its host or port is not valid");
  if (url.username !== "" || url.password !== "") throw refuse("user names and passwords have no place in it");
  checkHost(typed, url, refuse);
  if (text.includes("#")) url.hash = "";
  return url;
}

/** Path and origin only: what logs and messages may hold of a target. */
export function withoutQuery(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

/** Host, and port where it is not the scheme's: what a person would allow. */
export function domainOf(url: URL): string {
  return url.host;
}

function checkHost(typed: string, url: URL, refuse: (reason: string) => AppError): void {
  // deno-lint-ignore no-control-regex -- the ASCII range is meant
  const ascii = /^[\x00-\x7f]*$/.test(typed);
  // Full-width letters, ideographic dots and the like turn into plain ASCII: what was read is not what would be called.
  if (!ascii && !url.hostname.includes("xn--")) throw refuse("its host holds characters that stand for others");
  if (!ascii && typed.normalize("NFKC").toLowerCase() !== typed.normalize("NFC").toLowerCase()) {
    throw refuse("its host holds characters that stand for others");
  }
  if (/[\u3002\uff0e\uff61]/.test(typed)) throw refuse("its host holds characters that look like dots");
  if (!url.hostname.endsWith(".")) return;
  url.hostname = url.hostname.replace(/\.$/, "");
  if (url.hostname.endsWith(".") || url.hostname === "") throw refuse("its host is not valid");
}
