/**
 * HTTP/2 by Deno's fetch, for origins that choose it: pinned to checked addresses through a helper on loopback
 * (docs/adr/0003-upstream-pinning.md), redirects handed back, nothing cached, no cookies kept.
 *
 * Codings: the request says `accept-encoding: identity`. An upstream that compresses all the same is decoded by the engine; Deno
 * 2.6 decodes gzip and br by itself whatever the request says, and then drops the headers, which comes to the same.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import type { HeaderLine, UpstreamRequest, UpstreamResponse } from "../../../ports/upstream.ts";
import { connectFailure, timedOut } from "../failure.ts";
import type { Tunnels } from "../open.ts";
import { ClientPool, type PinnedClient } from "./client_pool.ts";
import { timedBody } from "./timed_body.ts";

/** What the client is told. */
export interface FetchClientOptions {
  /** PEM texts of authorities trusted besides the built-in ones. */
  readonly caCerts: readonly string[];
  /** Headers of requests that have them not; names in lower case. */
  readonly defaults: readonly HeaderLine[];
  /** Carries the requests whose address is {@linkcode THROUGH_PROXY}. */
  readonly proxy?: Tunnels | undefined;
}

/** fetch would send requests through whatever these name. The person's own wish for a proxy has another place. */
const PROXY_VARIABLES = ["http_proxy", "https_proxy", "all_proxy", "no_proxy"];

/** Sends requests with fetch. */
export class FetchClient {
  readonly #pool: ClientPool;
  readonly #defaults: readonly HeaderLine[];

  constructor(options: FetchClientOptions) {
    for (const name of PROXY_VARIABLES.flatMap((v) => [v, v.toUpperCase()])) Deno.env.delete(name);
    this.#pool = new ClientPool(options.caCerts, options.proxy);
    this.#defaults = options.defaults;
  }

  /** @throws {AppError} as the port says */
  async send(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamResponse> {
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

  close(): void {
    this.#pool.close();
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
      throw connectFailure(error, domain, connectMs, client.failure);
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
    const headers = new Headers(request.headers.map(([name, value]) => [name, value]));
    for (const [name, value] of this.#defaults) if (!headers.has(name)) headers.append(name, value);
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

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
