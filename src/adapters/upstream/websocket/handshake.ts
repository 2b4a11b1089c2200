/**
 * The opening handshake of a WebSocket client (RFC 6455 §4.1, §4.2.2) as text. Pure but for SHA-1.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import type { HeaderLine } from "../../../ports/upstream.ts";

const ACCEPT_SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/** What the handshake itself says. */
const OURS: ReadonlySet<string> = new Set([
  "host",
  "connection",
  "upgrade",
  "content-length",
  "transfer-encoding",
  "sec-websocket-key",
  "sec-websocket-version",
  "sec-websocket-accept",
  "sec-websocket-extensions",
]);

/** The request's head as bytes. No extension is offered: a compressed frame could not be searched. */
export function handshakeRequest(url: URL, headers: readonly HeaderLine[], key: string): Uint8Array<ArrayBuffer> {
  const lines: HeaderLine[] = [
    ["host", url.host],
    ["connection", "Upgrade"],
    ["upgrade", "websocket"],
    ["sec-websocket-version", "13"],
    ["sec-websocket-key", key],
    ...headers.filter(([name]) => !OURS.has(name.toLowerCase())),
  ];
  const head = [`GET ${url.pathname}${url.search} HTTP/1.1`, ...lines.map(([name, value]) => `${name}: ${value}`)];
  // Checked long before; here it would end a line, so it is checked again.
  if (head.some((line) => /[\r\n\0]/.test(line) || /[^\0-\xff]/.test(line))) {
    throw new TypeError("A header of the handshake holds what no header can");
  }
  return Uint8Array.from(`${head.join("\r\n")}\r\n\r\n`, (character) => character.charCodeAt(0));
}

/**
 * The subprotocol of an answer that accepts.
 *
 * @throws {AppError} `upstream_unreachable` for any other answer
 */
export async function acceptedProtocol(
  head: string,
  domain: string,
  key: string,
  offered: readonly string[],
): Promise<string> {
  const refuse = (reason: string): AppError => new AppError("upstream_unreachable", { domain, reason });
  const [first, ...lines] = head.split("\r\n");
  const status = /^HTTP\/1\.1 (\d{3})(?: |$)/.exec(first ?? "")?.[1];
  if (status === undefined) throw refuse("its answer to the WebSocket handshake is not HTTP/1.1");
  if (status !== "101") throw refuse(`it answered the WebSocket handshake with status ${status}`);
  const headers = headersOf(lines);
  const accepts = headers?.get("upgrade")?.toLowerCase() === "websocket" &&
    /(^|,)\s*upgrade\s*(,|$)/i.test(headers.get("connection") ?? "") &&
    headers.get("sec-websocket-accept") === await acceptOf(key) && !headers.has("sec-websocket-extensions");
  const protocol = headers?.get("sec-websocket-protocol") ?? "";
  if (!accepts || (protocol !== "" && !offered.includes(protocol))) {
    throw refuse("its answer to the WebSocket handshake is not valid");
  }
  return protocol;
}

function headersOf(lines: readonly string[]): Headers | undefined {
  const headers = new Headers();
  try {
    for (const line of lines) {
      const colon = line.indexOf(":");
      if (colon < 1) return undefined;
      headers.append(line.slice(0, colon), line.slice(colon + 1).trim());
    }
    return headers;
  } catch {
    return undefined;
  }
}

async function acceptOf(key: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-1", new TextEncoder().encode(key + ACCEPT_SUFFIX));
  return btoa(String.fromCharCode(...new Uint8Array(hash)));
}
