/**
 * Opens connections for the program's own clients: TCP to a checked address, then TLS verified for the URL's host. Nothing is
 * written before the certificate was looked at.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { dial, type Dialed, DialError } from "./dial.ts";
import { connectFailure, timedOut } from "./failure.ts";

/** What may be spoken over TLS, best first (RFC 7301). */
export type Protocol = "http/1.1" | "h2";

/** Where to, and how long to try. */
export interface OpenOptions {
  readonly url: URL;
  /** Checked IP literals, in the order to try. */
  readonly addresses: readonly string[];
  /** PEM texts of authorities trusted besides the built-in ones. */
  readonly caCerts: readonly string[];
  readonly protocols: readonly Protocol[];
  /** For the TCP connection, and again for the TLS handshake. */
  readonly connectMs: number;
  readonly signal: AbortSignal | undefined;
  /** Where connections come from when a proxy carries the call; the addresses then count for nothing. */
  readonly proxy?: Tunnels | undefined;
}

/** Makes connections through a proxy. */
export interface Tunnels {
  /** @throws {AppError} */
  tunnel(options: Pick<OpenOptions, "url" | "connectMs" | "signal">): Promise<Deno.TcpConn>;
}

/** Stands for an address where a proxy carries the call, so that its connections are kept apart from direct ones. */
export const THROUGH_PROXY = "through the upstream proxy";

/** A verified connection. */
export interface Opened {
  readonly connection: Deno.Conn;
  readonly address: string;
  /** What the upstream chose. */
  readonly protocol: Protocol;
}

/** @throws {AppError} `upstream_unreachable`, `upstream_timeout`, `upstream_not_tls`, `upstream_tls` and its kinds, or the signal's reason */
export async function openConnection(options: OpenOptions): Promise<Opened> {
  const { url, signal } = options;
  signal?.throwIfAborted();
  try {
    const { connection, address } = await reach(options);
    connection.setNoDelay(true);
    if (url.protocol === "http:") return { connection, address, protocol: "http/1.1" };
    return { address, ...await secure(connection, options) };
  } catch (error) {
    signal?.throwIfAborted();
    throw failureOf(error, options);
  }
}

async function reach({ url, addresses, connectMs, signal, proxy }: OpenOptions): Promise<Dialed> {
  if (proxy === undefined) return await dial(addresses, portOf(url), { timeoutMs: connectMs, signal });
  return { connection: await proxy.tunnel({ url, connectMs, signal }), address: THROUGH_PROXY };
}

/** The port of the URL, its scheme's when it says none. */
export function portOf(url: URL): number {
  return url.port === "" ? (url.protocol === "http:" ? 80 : 443) : Number(url.port);
}

/** TLS did not even begin: nothing of it is the upstream's doing. */
class BadRoots extends Error {}

/** The TLS handshake did not end in time. */
class LateHandshake extends Error {}

async function secure(
  connection: Deno.TcpConn,
  { url, caCerts, protocols, connectMs, signal }: OpenOptions,
): Promise<Pick<Opened, "connection" | "protocol">> {
  let open: Deno.Conn = connection, late = false;
  const end = (): void => hangUp(open);
  const timer = setTimeout(() => {
    late = true;
    end();
  }, connectMs);
  signal?.addEventListener("abort", end, { once: true });
  try {
    const hostname = url.hostname.replace(/^\[|\]$/g, "");
    const settings = { hostname, caCerts: [...caCerts], alpnProtocols: [...protocols] };
    const secured = await Deno.startTls(connection, settings).catch((cause) => {
      throw new BadRoots("no TLS with these roots", { cause });
    });
    open = secured;
    // Without this the first write would go out before the certificate was looked at.
    const { alpnProtocol } = await secured.handshake();
    signal?.throwIfAborted();
    return { connection: secured, protocol: alpnProtocol === "h2" ? "h2" : "http/1.1" };
  } catch (error) {
    end();
    throw late ? new LateHandshake() : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", end);
  }
}

function failureOf(error: unknown, { url, connectMs }: OpenOptions): AppError {
  if (error instanceof AppError) return error;
  if (error instanceof BadRoots) {
    const reason = "the authorities that SSL_CERT_FILE names cannot be read";
    return new AppError("upstream_tls", { domain: url.host, reason });
  }
  if (error instanceof LateHandshake) return timedOut(url.host, "TLS handshake", connectMs);
  return connectFailure(error, url.host, connectMs, error instanceof DialError ? error : undefined);
}

/** Closes what may be closed already. */
export function hangUp(connection: Pick<Deno.Conn, "close">): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
