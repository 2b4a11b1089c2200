/**
 * A sync server elsewhere, over HTTPS. Plain http is for loopback only: a session token must not cross a network in the open.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { SyncRequest, SyncResponse, SyncTransport } from "../../ports/sync_transport.ts";

/** How long a request may take, from connecting to the last byte. */
const TIMEOUT_MS = 30_000;
/** No answer of ours is larger: a snapshot of thousands of secrets is below it. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** What can be set. */
export interface HttpsTransportOptions {
  readonly timeoutMs?: number;
  readonly maxAnswerBytes?: number;
  /** Authorities besides the system's, PEM. */
  readonly caCerts?: readonly string[];
}

/** Talks to one origin and follows no redirect: another place is another server. */
export class HttpsTransport implements SyncTransport {
  readonly origin: string;
  readonly #timeoutMs: number;
  readonly #maxAnswerBytes: number;
  readonly #client: Deno.HttpClient;
  #closed = false;

  /** @throws {AppError} `invalid_input` for anything but an https origin or loopback http */
  constructor(origin: string, options: HttpsTransportOptions = {}) {
    this.origin = parseServerOrigin(origin);
    this.#timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.#maxAnswerBytes = options.maxAnswerBytes ?? MAX_ANSWER_BYTES;
    // A fresh literal: Deno 2.6 changes the options it is given.
    this.#client = Deno.createHttpClient({ caCerts: [...options.caCerts ?? []] });
  }

  async send(request: SyncRequest, signal?: AbortSignal): Promise<SyncResponse> {
    const { method, path, headers, body } = request;
    if (this.#closed) throw this.#unreachable("it was closed");
    const limit = AbortSignal.timeout(this.#timeoutMs);
    try {
      const response = await fetch(this.origin + path, {
        method,
        headers,
        ...(body !== undefined && { body }),
        redirect: "manual",
        client: this.#client,
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await this.#text(response),
      };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (error instanceof AppError) throw error;
      throw this.#unreachable(limit.aborted ? `no answer within ${this.#timeoutMs} ms` : reasonOf(error), error);
    }
  }

  async close(): Promise<void> {
    if (!this.#closed) this.#client.close();
    this.#closed = true;
  }

  async #text(response: Response): Promise<string> {
    const decoder = new TextDecoder("utf-8", { fatal: true });
    let text = "", length = 0;
    for await (const chunk of response.body ?? []) {
      length += chunk.length;
      if (length > this.#maxAnswerBytes) throw this.#unreachable("its answer is too large");
      text += decoder.decode(chunk, { stream: true });
    }
    return text + decoder.decode();
  }

  #unreachable(reason: string, cause?: unknown): AppError {
    return new AppError("server_unreachable", { origin: this.origin, reason }, { cause });
  }
}

/** `https://host[:port]`, or http for loopback; nothing behind the port. @throws {AppError} `invalid_input` */
export function parseServerOrigin(text: string): string {
  const refuse = (reason: string): never => {
    throw new AppError("invalid_input", { what: "the server's address", reason });
  };
  const url = URL.parse(text) ?? refuse("it is not a URL");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" || url.pathname !== "/") {
    refuse("it must be https://host or https://host:port and nothing more");
  }
  const isLoopback = ["localhost", "127.0.0.1", "[::1]"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) refuse("it must begin with https://");
  return url.origin;
}

/** Words for the person; the error's own text may hold anything. */
function reasonOf(error: unknown): string {
  const text = textsOf(error);
  if (/certificate|UnknownIssuer|tls|handshake/i.test(text)) return "its certificate is not trusted";
  if (/dns|resolve|lookup/i.test(text)) return "its name does not resolve";
  if (/refused/i.test(text)) return "the connection was refused";
  return "the connection failed";
}

/** The messages of an error and its causes, without URLs: a host's name must not decide. */
function textsOf(error: unknown): string {
  const texts: string[] = [];
  for (let at = error; at instanceof Error && texts.length < 8; at = at.cause) texts.push(at.message);
  return texts.join(" ").replace(/https?:\/\/[^\s)]*/g, "");
}
