/**
 * Opens a WebSocket on a checked address: TCP to that address, TLS verified for the URL's host, then the handshake. Deno's own
 * WebSocket would look the name up again.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import type { UpstreamRequest } from "../../../ports/upstream.ts";
import type { UpstreamSocket } from "../../../ports/upstream_socket.ts";
import { dial, DialError } from "../dial.ts";
import { timedOut, upstreamFailure } from "../failure.ts";
import { ByteReader, EndOfBytes } from "./byte_reader.ts";
import { acceptedProtocol, handshakeRequest } from "./handshake.ts";
import { OpenSocket } from "./socket.ts";

/** Largest head of an answer, in bytes. */
const MAX_HEAD = 64 * 1024;

/**
 * @param caCerts PEM texts of authorities trusted besides the built-in ones.
 * @throws {AppError} `upstream_unreachable`, `upstream_tls`, `upstream_timeout`
 */
export async function connectSocket(
  request: UpstreamRequest,
  caCerts: readonly string[],
  signal: AbortSignal | undefined,
): Promise<UpstreamSocket> {
  const { url, addresses, timeouts: { connectMs, firstByteMs, idleMs } } = request;
  const domain = url.host;
  const opening = new Opening();
  const onAbort = (): void => opening.end();
  signal?.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(() => opening.end("late"), connectMs + firstByteMs);
  try {
    signal?.throwIfAborted();
    const { connection } = await dial(addresses, portOf(url), connectMs);
    const secured = await opening.secure(connection, url, caCerts);
    signal?.throwIfAborted(); // the dial itself does not end early
    const reader = new ByteReader(secured);
    const key = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))));
    await writeAll(secured, handshakeRequest(url, request.headers, key));
    const head = await reader.head(MAX_HEAD);
    const protocol = await acceptedProtocol(head, domain, key, offeredIn(request));
    return new OpenSocket({ connection: secured, reader, protocol, domain, idleMs });
  } catch (error) {
    opening.end();
    signal?.throwIfAborted();
    if (opening.late) throw timedOut(domain, "first byte", firstByteMs);
    throw failureOf(error, domain, connectMs);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

/** A connection that is not yet a socket. */
class Opening {
  late = false;
  #connection: Deno.Conn | undefined;

  async secure(connection: Deno.TcpConn, url: URL, caCerts: readonly string[]): Promise<Deno.Conn> {
    this.#connection = connection;
    connection.setNoDelay(true);
    if (url.protocol === "http:") return connection;
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const options = { hostname, caCerts: [...caCerts], alpnProtocols: ["http/1.1"] };
    const secured = await Deno.startTls(connection, options);
    this.#connection = secured;
    // Without this the first write would go out before the certificate was looked at.
    await secured.handshake();
    return secured;
  }

  end(why?: "late"): void {
    if (why === "late") this.late = true;
    try {
      this.#connection?.close();
    } catch {
      // It was closed already.
    }
  }
}

function failureOf(error: unknown, domain: string, connectMs: number): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof RangeError) {
    return new AppError("upstream_unreachable", { domain, reason: "its answer's head is not valid or too large" });
  }
  if (error instanceof EndOfBytes) {
    return new AppError("upstream_unreachable", { domain, reason: "the connection was closed before the answer" });
  }
  return upstreamFailure(error, domain, connectMs, error instanceof DialError ? error : undefined);
}

function offeredIn({ headers }: UpstreamRequest): string[] {
  const lines = headers.filter(([name]) => name.toLowerCase() === "sec-websocket-protocol").map(([, value]) => value);
  return lines.join(",").split(",").map((name) => name.trim()).filter((name) => name !== "");
}

function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port);
}

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}
