/**
 * Opens a WebSocket on a checked address: TCP to that address, TLS verified for the URL's host, then the handshake. Deno's own
 * WebSocket would look the name up again.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import type { UpstreamRequest } from "../../../ports/upstream.ts";
import type { UpstreamSocket } from "../../../ports/upstream_socket.ts";
import { exchangeFailure, timedOut } from "../failure.ts";
import { hangUp, openConnection, type Tunnels } from "../open.ts";
import { ByteReader, EndOfBytes } from "./byte_reader.ts";
import { acceptedProtocol, handshakeRequest } from "./handshake.ts";
import { OpenSocket } from "./socket.ts";

/** Largest head of an answer, in bytes. */
const MAX_HEAD = 64 * 1024;

/**
 * @param caCerts PEM texts of authorities trusted besides the built-in ones.
 * @throws {AppError} `upstream_unreachable`, `upstream_timeout`, `upstream_not_tls`, `upstream_tls` and its kinds
 */
export async function connectSocket(
  request: UpstreamRequest,
  caCerts: readonly string[],
  signal: AbortSignal | undefined,
  proxy?: Tunnels,
): Promise<UpstreamSocket> {
  const { url, addresses, timeouts: { connectMs, firstByteMs, idleMs } } = request;
  const domain = url.host;
  const { connection } = await openConnection({
    url,
    addresses,
    caCerts,
    protocols: ["http/1.1"],
    connectMs,
    signal,
    proxy,
  });
  let late = false;
  const end = (): void => hangUp(connection);
  const timer = setTimeout(() => {
    late = true;
    end();
  }, firstByteMs);
  signal?.addEventListener("abort", end, { once: true });
  try {
    signal?.throwIfAborted();
    const reader = new ByteReader(connection);
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    await writeAll(connection, handshakeRequest(url, request.headers, key));
    const head = await reader.head(MAX_HEAD);
    const protocol = await acceptedProtocol(head, domain, key, offeredIn(request));
    return new OpenSocket({ connection, reader, protocol, domain, idleMs });
  } catch (error) {
    end();
    signal?.throwIfAborted();
    throw late ? timedOut(domain, "first byte", firstByteMs) : failureOf(error, domain);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

function failureOf(error: unknown, domain: string): AppError {
  if (error instanceof RangeError) {
    return new AppError("upstream_unreachable", { domain, reason: "its answer's head is not valid or too large" });
  }
  if (error instanceof EndOfBytes) {
    return new AppError("upstream_unreachable", { domain, reason: "the connection was closed before the answer" });
  }
  return exchangeFailure(error, domain);
}

function offeredIn({ headers }: UpstreamRequest): string[] {
  const lines = headers.filter(([name]) => name.toLowerCase() === "sec-websocket-protocol").map(([, value]) => value);
  return lines.join(",").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
