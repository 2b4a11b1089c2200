/**
 * The upstream: connections to checked addresses only, TLS always verified, redirects handed back, nothing cached, no cookies kept,
 * no proxy but one that the person asked for. HTTP/1.1 is spoken by a client of our own; an origin that chooses HTTP/2 is served by Deno's.
 *
 * @module
 */

import { REDACTED } from "../../kernel/secret.ts";
import type { HeaderLine, Upstream, UpstreamRequest, UpstreamResponse } from "../../ports/upstream.ts";
import type { UpstreamSocket } from "../../ports/upstream_socket.ts";
import { GoodAddresses } from "./good_addresses.ts";
import { Http1Client } from "./http1/client.ts";
import type { FetchClient } from "./http2/fetch.ts";
import { hangUp, openConnection, type Opened, THROUGH_PROXY } from "./open.ts";
import type { UpstreamProxy } from "./proxy/upstream_proxy.ts";

/** What the adapter is told by the composition root. */
export interface PinnedUpstreamOptions {
  /** PEM texts of authorities trusted besides the built-in ones (`SSL_CERT_FILE`). */
  readonly caCerts?: readonly string[];
  /** `user-agent` of requests that have none. */
  readonly userAgent?: string;
  /** What calls go through because the person asked for it. */
  readonly proxy?: UpstreamProxy | undefined;
}

/** Most origins that are remembered as speaking HTTP/2. */
const MAX_REMEMBERED = 256;

/** Calls over HTTP/1.1 and HTTP/2. */
export class PinnedUpstream implements Upstream {
  readonly #caCerts: readonly string[];
  readonly #defaults: readonly HeaderLine[];
  readonly #http1: Http1Client;
  readonly #proxy: UpstreamProxy | undefined;
  #http2: Promise<FetchClient> | undefined;
  /** Origins that chose HTTP/2, the oldest first. */
  readonly #speakHttp2 = new Set<string>();
  readonly #good = new GoodAddresses();

  constructor(options: PinnedUpstreamOptions = {}) {
    this.#caCerts = options.caCerts ?? [];
    this.#proxy = options.proxy;
    // Coded answers would have to be decoded before they can be searched.
    this.#defaults = [
      ["user-agent", options.userAgent ?? "agentsecrets"],
      ["accept", "*/*"],
      ["accept-encoding", "identity"],
    ];
    this.#http1 = new Http1Client((request, signal) => this.#open(request, signal), this.#defaults);
  }

  throughProxy(url: URL): boolean {
    return this.#proxy?.carries(url) === true;
  }

  async send(given: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamResponse> {
    refuseMarker(given);
    const request = { ...given, addresses: this.#ways(given) };
    signal?.throwIfAborted();
    if (!this.#speakHttp2.has(request.url.origin)) {
      const answer = await this.#http1.send(request, signal);
      if (answer !== undefined) return answer;
    }
    return await (await this.#fetchClient()).send(request, signal);
  }

  async connect(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamSocket> {
    refuseMarker(request);
    const { connectSocket } = await import("./websocket/connect.ts");
    const named = request.headers.some(([name]) => name.toLowerCase() === "user-agent");
    const headers = named ? request.headers : [...request.headers, this.#defaults[0]!];
    const proxy = this.throughProxy(request.url) ? this.#proxy : undefined;
    return await connectSocket({ ...request, headers, addresses: this.#ways(request) }, this.#caCerts, signal, proxy);
  }

  async close(): Promise<void> {
    this.#http1.close();
    (await this.#http2)?.close();
  }

  /** Where connections for the request may go, what answered last first. */
  #ways({ url, addresses }: UpstreamRequest): readonly string[] {
    return this.throughProxy(url) ? [THROUGH_PROXY] : this.#good.order(url.origin, addresses);
  }

  /** A connection that speaks HTTP/1.1; undefined for an origin that chose HTTP/2. */
  async #open(request: UpstreamRequest, signal: AbortSignal | undefined): Promise<Opened | undefined> {
    const { url, addresses, timeouts: { connectMs } } = request;
    const opened = await openConnection({
      url,
      addresses,
      caCerts: this.#caCerts,
      protocols: ["h2", "http/1.1"],
      connectMs,
      signal,
      proxy: this.throughProxy(url) ? this.#proxy : undefined,
    });
    this.#good.answered(url.origin, opened.address);
    if (opened.protocol !== "h2") return opened;
    hangUp(opened.connection);
    this.#speakHttp2.delete(url.origin);
    this.#speakHttp2.add(url.origin);
    if (this.#speakHttp2.size > MAX_REMEMBERED) this.#speakHttp2.delete(this.#speakHttp2.keys().next().value!);
    return undefined;
  }

  #fetchClient(): Promise<FetchClient> {
    this.#http2 ??= import("./http2/fetch.ts").then(({ FetchClient }) =>
      new FetchClient({ caCerts: this.#caCerts, defaults: this.#defaults, proxy: this.#proxy })
    );
    return this.#http2;
  }
}

/** A printed Secret in a request is a bug that would send nonsense as a credential, so it stops here. */
function refuseMarker({ url, headers }: UpstreamRequest): void {
  const isMarked = headers.some(([, value]) => value.includes(REDACTED)) ||
    url.href.includes(REDACTED) || url.href.includes(ESCAPED);
  if (isMarked) throw new TypeError("A redaction marker stands where a value should be");
}

const ESCAPED = encodeURIComponent(REDACTED);
