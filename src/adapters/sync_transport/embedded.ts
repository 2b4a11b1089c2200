/**
 * The embedded server as a transport: the same function that a team's server runs, called in this process. No socket, so nobody
 * else can reach it; who can open its file is for the file system to say.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { SyncRequest, SyncResponse, SyncTransport } from "../../ports/sync_transport.ts";

/** A server in this process. */
export interface EmbeddedServer {
  readonly handle: (request: Request) => Promise<Response>;
  /** Frees its files. */
  readonly close: () => Promise<void>;
}

/** Identity of embedded servers in login signatures. Each has accounts of its own, so one name is enough. */
export const EMBEDDED_ORIGIN = "embedded:local";
/** URLs need a host; nothing resolves this one. */
const BASE = "http://embedded.invalid";

/** Starts the server at the first request. */
export class EmbeddedTransport implements SyncTransport {
  readonly origin = EMBEDDED_ORIGIN;
  readonly #start: () => Promise<EmbeddedServer>;
  #server: Promise<EmbeddedServer> | undefined;
  #closed = false;

  constructor(start: () => Promise<EmbeddedServer>) {
    this.#start = start;
  }

  async send({ method, path, headers, body }: SyncRequest, signal?: AbortSignal): Promise<SyncResponse> {
    signal?.throwIfAborted();
    if (this.#closed) throw new AppError("server_unreachable", { origin: this.origin, reason: "it was closed" });
    this.#server ??= this.#start();
    const { handle } = await this.#server;
    const response = await handle(new Request(BASE + path, { method, headers, ...(body !== undefined && { body }) }));
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    const server = this.#server;
    this.#server = undefined;
    // A server that did not start has nothing to free, and its failure was told to the sender.
    await (await server?.catch(() => undefined))?.close();
  }
}
