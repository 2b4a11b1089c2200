/**
 * HTTP/1.1 of our own over connections to checked addresses: Deno's fetch would look the name up again, and a detour that pins it
 * costs more than everything else together (docs/adr/0009-http-client.md).
 *
 * @module
 */

import { AppError } from "../../../kernel/error.ts";
import type { HeaderLine, UpstreamRequest, UpstreamResponse } from "../../../ports/upstream.ts";
import { exchangeFailure } from "../failure.ts";
import { EndedEarly } from "./bad_answer.ts";
import { Channel } from "./channel.ts";
import { Exchange, type ExchangeOptions, Unanswered } from "./exchange.ts";
import { ChannelPool } from "./pool.ts";
import { type RequestFraming, requestHead } from "./request_head.ts";
import { SpareMemory } from "./spare_memory.ts";

/** RFC 9110 §9.2.2. TRACE, the one other, never comes here. */
const IDEMPOTENT: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "PUT", "DELETE"]);

/** Opens a connection for the client; undefined when the upstream chose another protocol. */
export type OpenChannel = (
  request: UpstreamRequest,
  signal: AbortSignal | undefined,
) => Promise<{ readonly connection: Deno.Conn; readonly address: string } | undefined>;

/** Sends requests over kept connections. */
export class Http1Client {
  readonly #pool = new ChannelPool();
  readonly #spare = new SpareMemory();
  readonly #open: OpenChannel;
  readonly #defaults: readonly HeaderLine[];

  /** @param defaults Headers of requests that have them not. */
  constructor(open: OpenChannel, defaults: readonly HeaderLine[]) {
    this.#open = open;
    this.#defaults = defaults;
  }

  /** The answer; undefined, with nothing sent, when the upstream speaks no HTTP/1.1. @throws {AppError} */
  async send(request: UpstreamRequest, signal: AbortSignal | undefined): Promise<UpstreamResponse | undefined> {
    const { url, method, headers, addresses } = request;
    const framing = framingOf(request);
    const job: Job = { request, framing, signal, head: requestHead(url, method, headers, framing, this.#defaults) };
    const kept = this.#pool.take(url.origin, addresses);
    try {
      if (kept !== undefined) return await this.#exchange(kept, job);
    } catch (error) {
      if (!(error instanceof Unanswered)) throw error;
      // The upstream may have hung up while the connection rested. It may also have begun to work on the request: only what
      // may be done twice is sent twice (RFC 9110 §9.2.2).
      if (!isRepeatable(request)) throw unanswered(error, url);
    }
    return await this.#sendFresh(job);
  }

  close(): void {
    this.#pool.close();
  }

  async #sendFresh(job: Job): Promise<UpstreamResponse | undefined> {
    const opened = await this.#open(job.request, job.signal);
    if (opened === undefined) return undefined;
    const channel = new Channel(opened.connection, opened.address, this.#spare);
    this.#pool.add(channel);
    try {
      return await this.#exchange(channel, job);
    } catch (error) {
      throw error instanceof Unanswered ? unanswered(error, job.request.url) : error;
    }
  }

  async #exchange(channel: Channel, job: Job): Promise<UpstreamResponse> {
    const end = (keepMs: number | undefined): void => {
      if (keepMs === undefined) this.#pool.drop(channel);
      else this.#pool.keep(job.request.url.origin, channel, keepMs);
    };
    return await new Exchange({ ...job, channel, end }).run();
  }
}

/** A request that is ready to go out. */
type Job = Omit<ExchangeOptions, "channel" | "end">;

function unanswered({ cause }: Unanswered, url: URL): AppError {
  if (!(cause instanceof EndedEarly)) return exchangeFailure(cause, url.host);
  return new AppError("upstream_unreachable", {
    domain: url.host,
    reason: "the connection was closed before the answer",
  });
}

function framingOf({ body, bodyLength }: UpstreamRequest): RequestFraming {
  if (body === undefined) return "none";
  return body instanceof Uint8Array ? body.length : bodyLength ?? "chunked";
}

function isRepeatable({ method, headers, body }: UpstreamRequest): boolean {
  if (body !== undefined && !(body instanceof Uint8Array)) return false;
  return IDEMPOTENT.has(method) || headers.some(([name]) => name.toLowerCase() === "idempotency-key");
}
