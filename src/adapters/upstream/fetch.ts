/**
 * The upstream over Deno's fetch: pinned to checked addresses, TLS always verified, redirects handed back, nothing cached, no
 * cookies kept, no proxy variables heeded.
 *
 * Codings: the request says `accept-encoding: identity`. An upstream that compresses all the same is decoded by the engine; Deno
 * 2.6 decodes gzip and br by itself whatever the request says, and then drops the headers, which comes to the same.
 *
 * @module
 */

import type { Bytes } from "../../kernel/bytes.ts";
import { REDACTED } from "../../kernel/secret.ts";
import type { Upstream, UpstreamRequest, UpstreamResponse } from "../../ports/upstream.ts";
import type { UpstreamSocket } from "../../ports/upstream_socket.ts";
import { ClientPool, type PinnedClient } from "./client_pool.ts";
import { timedOut, upstreamFailure } from "./failure.ts";
import { timedBody } from "./timed_body.ts";

/** What the adapter is told by the composition root. */
export interface FetchUpstreamOptions {
  /** PEM texts of authorities trusted besides the built-in ones (`SSL_CERT_FILE`). */
  readonly caCerts?: readonly string[];
  /** `user-agent` of requests that have none. */
  readonly userAgent?: string;
}

/** fetch would send requests through whatever these name. The person's own wish for a proxy has another place. */
const PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/** Calls over HTTP/1.1 and HTTP/2. */
export class FetchUpstream implements Upstream {
  readonly #pool: ClientPool;
  readonly #caCerts: readonly string[];
  readonly #userAgent: string;

  constructor(options: FetchUpstreamOptions = {}) {
    for (const name of PROXY_VARIABLES.flatMap((v) => [v, v.toUpperCase()])) Deno.env.delete(name);
    this.#caCerts = options.caCerts ?? [];
    this.#pool = new ClientPool(this.#caCerts);
    this.#userAgent = options.userAgent ?? "agentsecrets";
  }

  async send(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamResponse> {
    refuseMarker(request);
    signal?.throwIfAborted();
    const client = this.#pool.borrow(request.url, request.addresses, request.timeouts.connectMs);
    const release = once(() => this.#pool.release(client));
    try {
      return await this.#exchange(request, client, release, signal);
    } catch (error) {
      release();
      throw error;
    }
  }

  async connect(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamSocket> {
    refuseMarker(request);
    const { connectSocket } = await import("./websocket/connect.ts");
    const named = request.headers.some(([name]) => name.toLowerCase() === "user-agent");
    const headers = named ? request.headers : [...request.headers, ["user-agent", this.#userAgent] as const];
    return await connectSocket({ ...request, headers }, this.#caCerts, signal);
  }

  close(): Promise<void> {
    this.#pool.close();
    return Promise.resolve();
  }

  async #exchange(
    request: UpstreamRequest,
    client: PinnedClient,
    release: () => void,
    signal: AbortSignal | undefined,
  ): Promise<UpstreamResponse> {
    const domain = request.url.host;
    const { connectMs, firstByteMs, idleMs } = request.timeouts;
    const own = new AbortController();
    const ended = signal === undefined ? own.signal : AbortSignal.any([own.signal, signal]);
    const timer = this.#limitFirstByte(request, client, own);
    let response: Response;
    try {
      response = await this.#fetch(request, client, ended);
    } catch (error) {
      signal?.throwIfAborted();
      if (own.signal.aborted) throw timedOut(domain, "first byte", firstByteMs);
      throw upstreamFailure(error, domain, connectMs, client.failure);
    } finally {
      timer.stop();
    }
    const head = { status: response.status, statusText: response.statusText, headers: [...response.headers] };
    if (response.body === null) {
      release();
      return { ...head, body: null };
    }
    const end = (): void => {
      release();
      own.abort();
    };
    return { ...head, body: timedBody(response.body as ReadableStream<Bytes>, { domain, idleMs, signal, end }) };
  }

  #fetch(request: UpstreamRequest, client: PinnedClient, signal: AbortSignal): Promise<Response> {
    const headers = new Headers({ "accept-encoding": "identity", "user-agent": this.#userAgent });
    const own = new Set(request.headers.map(([name]) => name.toLowerCase()));
    if (own.has("user-agent")) headers.delete("user-agent");
    for (const [name, value] of request.headers) headers.append(name, value);
    return fetch(request.url, {
      method: request.method,
      headers,
      redirect: "manual",
      signal,
      client: client.http,
      // The caller's own stream is passed on untouched: Deno then keeps its Content-Length.
      ...(request.body === undefined ? {} : { body: request.body }),
    });
  }

  /** The limit for the head; an upload that still moves is not cut. */
  #limitFirstByte(request: UpstreamRequest, client: PinnedClient, own: AbortController): { stop(): void } {
    const { firstByteMs } = request.timeouts;
    const uploads = request.body instanceof ReadableStream;
    let timer: ReturnType<typeof setTimeout>;
    const wait = (ms: number): void => {
      timer = setTimeout(() => {
        const quietMs = performance.now() - client.lastTrafficMs;
        if (uploads && quietMs < firstByteMs) wait(firstByteMs - quietMs);
        else own.abort();
      }, ms);
    };
    wait(firstByteMs);
    return { stop: () => clearTimeout(timer) };
  }
}

/** A printed Secret in a request is a bug that would send nonsense as a credential, so it stops here. */
function refuseMarker(request: UpstreamRequest): void {
  const escaped = encodeURIComponent(REDACTED);
  const texts = [request.url.href.replaceAll(escaped, REDACTED), ...request.headers.map(([, value]) => value)];
  if (texts.some((text) => text.includes(REDACTED))) {
    throw new TypeError("A redaction marker stands where a value should be");
  }
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
