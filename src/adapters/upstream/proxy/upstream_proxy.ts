/**
 * Connections through the proxy that the person asked for: CONNECT (RFC 9110 §9.3.6) to the target's name, which the proxy looks up.
 * What travels in the tunnel is TLS with the target, so the proxy learns host, port and sizes, and no more.
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import { dial, DialError } from "../dial.ts";
import { connectFailure, timedOut } from "../failure.ts";
import { parseResponseHead } from "../http1/response_head.ts";
import { hangUp, portOf } from "../open.ts";
import { loopbackEnd } from "./loopback_end.ts";
import { goesThrough, type ProxyAddress, type ProxySettings } from "./settings.ts";

/** Largest head of the proxy's answer, in bytes. */
const MAX_HEAD = 16 * 1024;

/** What a tunnel needs. */
export interface TunnelOptions {
  readonly url: URL;
  /** For the connection to the proxy, and again for its answer. In ms. */
  readonly connectMs: number;
  readonly signal: AbortSignal | undefined;
}

/** A proxy that speaks CONNECT. */
export class UpstreamProxy {
  readonly #settings: ProxySettings;
  readonly #caCerts: readonly string[];

  /** @param caCerts PEM texts of authorities trusted besides the built-in ones, for TLS to the proxy. */
  constructor(settings: ProxySettings, caCerts: readonly string[]) {
    this.#settings = settings;
    this.#caCerts = caCerts;
  }

  /** Whether calls to `url` go through it. */
  carries(url: URL): boolean {
    return goesThrough(this.#settings, url);
  }

  /**
   * A connection to the target on which nothing was said yet.
   *
   * @throws {AppError} `upstream_proxy`, `upstream_timeout`, `plain_http_through_proxy`, or the signal's reason
   */
  async tunnel({ url, connectMs, signal }: TunnelOptions): Promise<Deno.TcpConn> {
    // Without TLS in the tunnel the proxy would read the credential.
    if (url.protocol !== "https:") throw new AppError("plain_http_through_proxy", { domain: url.host });
    signal?.throwIfAborted();
    const { proxy } = this.#settings;
    let open: Deno.Conn | undefined, late = false;
    const end = (): void => open === undefined ? undefined : hangUp(open);
    let timer: ReturnType<typeof setTimeout> | undefined;
    signal?.addEventListener("abort", end, { once: true });
    try {
      const tcp = await reach(proxy, url, connectMs, signal);
      open = tcp;
      timer = setTimeout(() => {
        late = true;
        end();
      }, connectMs);
      const near = proxy.isSecure ? await this.#secure(tcp, url, (secured) => open = secured) : tcp;
      await ask(near, proxy, url);
      signal?.throwIfAborted();
      return near === tcp ? tcp : await loopbackEnd(near);
    } catch (error) {
      end();
      signal?.throwIfAborted();
      if (late) throw timedOut(url.host, "answer of the upstream proxy", connectMs);
      throw error instanceof AppError ? error : refused(url, "the connection to it was closed");
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
    }
  }

  /** @param begun Called before the handshake: from then on the TCP connection itself cannot be closed. */
  async #secure(tcp: Deno.TcpConn, url: URL, begun: (secured: Deno.TlsConn) => void): Promise<Deno.TlsConn> {
    const { host } = this.#settings.proxy;
    try {
      const options = { hostname: host, caCerts: [...this.#caCerts], alpnProtocols: ["http/1.1"] };
      const secured = await Deno.startTls(tcp, options);
      begun(secured);
      await secured.handshake();
      return secured;
    } catch (error) {
      throw refused(url, `its TLS failed (${connectFailure(error, "it", 0).code})`);
    }
  }
}

async function reach(
  proxy: ProxyAddress,
  url: URL,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Deno.TcpConn> {
  try {
    const { connection } = await dial([proxy.host], proxy.port, { timeoutMs, signal });
    connection.setNoDelay(true);
    return connection;
  } catch (error) {
    if (!(error instanceof DialError)) throw error;
    throw refused(url, error.timedOut ? `no connection to it within ${timeoutMs} ms` : error.reason);
  }
}

/** CONNECT and its answer. */
async function ask(connection: Deno.Conn, { authorization }: ProxyAddress, url: URL): Promise<void> {
  const authority = `${url.hostname}:${portOf(url)}`;
  const login = authorization === undefined ? "" : `proxy-authorization: ${authorization}\r\n`;
  const request = new TextEncoder().encode(`CONNECT ${authority} HTTP/1.1\r\nhost: ${authority}\r\n${login}\r\n`);
  for (let at = 0; at < request.length;) at += await connection.write(request.subarray(at));
  const { status } = readHead(await headOf(connection, url), url);
  if (status === 407) throw refused(url, "it asks for a user and a password, or refuses those it got");
  if (status < 200 || status > 299) throw refused(url, `it answered CONNECT with status ${status}`);
}

function readHead(text: string, url: URL): { readonly status: number } {
  try {
    return parseResponseHead(text, "CONNECT");
  } catch {
    throw refused(url, "its answer to CONNECT is not HTTP");
  }
}

/** The answer's head. TLS lets the client speak first: a byte behind the head is not the target's, and ends it. */
async function headOf(connection: Deno.Conn, url: URL): Promise<string> {
  const buffer = new Uint8Array(MAX_HEAD);
  for (let length = 0; length < MAX_HEAD;) {
    const count = await connection.read(buffer.subarray(length));
    if (count === null) throw refused(url, "it closed the connection");
    length += count;
    const text = String.fromCharCode(...buffer.subarray(0, length));
    const end = text.indexOf("\r\n\r\n");
    if (end === length - 4) return text.slice(0, end);
    if (end >= 0) break;
  }
  throw refused(url, "its answer to CONNECT is not valid or too large");
}

function refused(url: URL, reason: string): AppError {
  return new AppError("upstream_proxy", { domain: url.host, reason });
}
