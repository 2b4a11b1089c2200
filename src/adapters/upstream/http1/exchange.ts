/**
 * One request and its answer over one connection (RFC 9112). The answer may begin before the request has ended; the connection is
 * kept only when both ended as their framing says and nothing is left over.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import { AppError } from "../../../kernel/error.ts";
import type { UpstreamRequest, UpstreamResponse } from "../../../ports/upstream.ts";
import { exchangeFailure, timedOut } from "../failure.ts";
import { BadAnswer, EndedEarly } from "./bad_answer.ts";
import type { Channel } from "./channel.ts";
import { type Framing, framingOf } from "./framing.ts";
import type { RequestFraming } from "./request_head.ts";
import { parseResponseHead, type ResponseHead } from "./response_head.ts";
import { Upload } from "./upload.ts";

/** Most interim answers (1xx) before the real one. */
const MAX_INTERIM = 32;
const NO_BYTES: Bytes = new Uint8Array(0);

/** The connection had been closed before a byte of the answer came. */
export class Unanswered extends Error {}

/** What the exchange is about. */
export interface ExchangeOptions {
  readonly channel: Channel;
  readonly request: UpstreamRequest;
  readonly head: Bytes;
  readonly framing: RequestFraming;
  readonly signal: AbortSignal | undefined;
  /** Called once at the end; `keepMs` is undefined unless the connection may serve again. */
  end(keepMs: number | undefined): void;
}

/** One exchange. */
export class Exchange {
  readonly #options: ExchangeOptions;
  readonly #upload: Upload;
  readonly #onAbort = (): void => this.#cut(undefined);
  /** Why it was cut by us. */
  #cause: AppError | undefined;
  #ended = false;
  #answer: ResponseHead | undefined;
  #answered = false;

  constructor(options: ExchangeOptions) {
    this.#options = options;
    this.#upload = new Upload(options.channel, options.request.body, options.framing);
  }

  /** @throws {AppError}, {@linkcode Unanswered}, or the signal's reason */
  async run(): Promise<UpstreamResponse> {
    const { channel, head, request: { timeouts: { firstByteMs } }, signal } = this.#options;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
    try {
      signal?.throwIfAborted();
      this.#limit("first byte", firstByteMs);
      this.#send(head);
      this.#answer = await this.#head();
      channel.limit.stop();
      return this.#respond(this.#answer);
    } catch (error) {
      throw this.#failed(error);
    }
  }

  async #send(head: Bytes): Promise<void> {
    const end = await this.#upload.run(head);
    if (end.how === "failed") this.#cut(end.error);
    // An upstream that takes no more may still have answered: the reading side tells.
    else if (this.#answered) this.#finish(end.how === "sent");
  }

  async #head(): Promise<ResponseHead> {
    const { channel, request: { method } } = this.#options;
    for (let interim = 0; interim <= MAX_INTERIM; interim++) {
      const head = parseResponseHead(await this.#headText(channel, interim === 0), method);
      if (head.status >= 200) return head;
      if (head.status === 101) throw new BadAnswer("it changed the protocol unasked");
    }
    throw new BadAnswer("it sends interim answers without end");
  }

  async #headText(channel: Channel, isFirst: boolean): Promise<string> {
    for (;;) {
      const text = channel.here === 0 ? undefined : channel.head();
      if (text !== undefined) return text;
      try {
        if (!await channel.more()) throw new EndedEarly();
      } catch (error) {
        throw isFirst && channel.here === 0 ? new Unanswered("no answer", { cause: error }) : error;
      }
    }
  }

  #respond({ status, statusText, headers, framing: kind }: ResponseHead): UpstreamResponse {
    const { channel } = this.#options;
    const head = { status, statusText, headers };
    const framing = framingOf(kind);
    const first = framing.take(channel);
    if (framing.done) {
      this.#complete();
      return { ...head, body: kind === "none" ? null : first ?? NO_BYTES };
    }
    channel.flowing = true;
    return { ...head, body: this.#stream(framing, first) };
  }

  #stream(framing: Framing, first: Bytes | undefined): ReadableStream<Bytes> {
    let ready = first;
    return new ReadableStream<Bytes>({
      pull: async (controller): Promise<void> => {
        try {
          const piece = ready ?? await this.#piece(framing);
          ready = undefined;
          if (piece !== undefined) controller.enqueue(piece);
          if (piece !== undefined && !framing.done) return;
          this.#complete();
          controller.close();
        } catch (error) {
          throw this.#failed(error);
        }
      },
      cancel: (): void => this.#finish(false),
    }, { highWaterMark: 0 });
  }

  /** The next bytes of the body; undefined at its end. */
  async #piece(framing: Framing): Promise<Bytes | undefined> {
    const { channel, request: { timeouts: { idleMs } } } = this.#options;
    if (framing.spent) await new Promise((resolve) => setTimeout(resolve, 0));
    for (;;) {
      if (this.#ended) throw new EndedEarly();
      const piece = framing.take(channel);
      if (piece !== undefined || framing.done) return piece;
      this.#limit("further byte", idleMs);
      const isMore = await channel.more();
      channel.limit.stop();
      if (isMore) continue;
      if (!framing.endsWithConnection || this.#ended) throw new EndedEarly();
      return undefined;
    }
  }

  /** The answer is whole. An upload that the upstream still takes goes on, unless the answer says that it is not wanted. */
  #complete(): void {
    const { keep, status } = this.#answer!;
    this.#answered = true;
    this.#options.channel.flowing = false;
    if (this.#upload.sent || !keep || status >= 400) return this.#finish(this.#upload.sent);
    this.#limit("further byte", this.#options.request.timeouts.idleMs);
  }

  #limit(phase: string, ms: number): void {
    this.#options.channel.limit.begin(ms, () => this.#cut(timedOut(this.#options.request.url.host, phase, ms)));
  }

  #cut(cause: AppError | undefined): void {
    this.#cause ??= cause;
    this.#finish(false);
  }

  #finish(clean: boolean): void {
    if (this.#ended) return;
    this.#ended = true;
    const { signal, end } = this.#options;
    signal?.removeEventListener("abort", this.#onAbort);
    if (!this.#upload.sent) this.#upload.stop();
    const { keep, keepMs = Infinity } = this.#answer ?? { keep: false };
    end(clean && keep ? keepMs : undefined);
  }

  /** Ends the exchange and gives the failure that its user sees. */
  #failed(error: unknown): unknown {
    const { signal, request: { url } } = this.#options;
    this.#finish(false);
    if (signal?.aborted === true) return signal.reason;
    if (this.#cause !== undefined) return this.#cause;
    if (error instanceof Unanswered) return error;
    // Once the answer began, whatever breaks the connection breaks the answer.
    const isBroken = this.#answer !== undefined && !(error instanceof BadAnswer);
    return exchangeFailure(isBroken ? new EndedEarly() : error, url.host);
  }
}
