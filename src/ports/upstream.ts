/**
 * The upstream port: one HTTP exchange with a target whose addresses were checked beforehand.
 *
 * @module
 */

import type { Body } from "../kernel/body.ts";
import type { UpstreamSocket } from "./upstream_socket.ts";

export type { Body };

/** A header's name and value; order and repetition are kept. Names from an upstream may be of any case. */
export type HeaderLine = readonly [name: string, value: string];

/** How long to wait; each in milliseconds, > 0. There is no limit on the whole: a live stream may last. */
export interface UpstreamTimeouts {
  /** For the TCP connection to one address. */
  readonly connectMs: number;
  /** From sending the request to the response's head. */
  readonly firstByteMs: number;
  /** Between two pieces of the body. */
  readonly idleMs: number;
}

/** One request as it goes out: credentials are in place, hop-by-hop headers are gone. */
export interface UpstreamRequest {
  /** Parsed once by the engine; nothing parses the text again. */
  readonly url: URL;
  readonly method: string;
  readonly headers: readonly HeaderLine[];
  readonly body?: Body;
  /**
   * How many bytes a streamed body will have, when its sender said so: it then goes out with `Content-Length`, which some
   * upstreams insist on. A stream of another length fails the call.
   */
  readonly bodyLength?: number;
  /** IP literals that passed the egress check, in the order to try. The connection goes to one of these and nowhere else,
   * except where {@linkcode Upstream.throughProxy} says so. */
  readonly addresses: readonly string[];
  readonly timeouts: UpstreamTimeouts;
}

/** An answer as it came: redirects are not followed, codings other than those named in `content-encoding` are undone. */
export interface UpstreamResponse {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly HeaderLine[];
  /**
   * Null when the answer has no body; bytes when all of it came together with the head, and the exchange is over then; else as
   * it comes, and cancelling the stream ends the exchange.
   */
  readonly body: Body | null;
}

/** Carries requests to targets. */
export interface Upstream {
  /**
   * Whether calls to `url` go through a proxy that the person asked for and that looks names up itself. Their requests need no
   * addresses.
   */
  throughProxy(url: URL): boolean;
  /**
   * Sends one request; resolves when the head of the response is here. Aborting `signal` ends the exchange at any time.
   *
   * @throws {AppError} `upstream_unreachable`, `upstream_timeout`, `upstream_not_tls`, `upstream_tls` and its kinds; a body's
   * stream fails with the same codes
   */
  send(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamResponse>;
  /**
   * Opens a WebSocket with the headers of `request`, whose method is GET and which has no body. Aborting `signal` ends the
   * handshake; an open socket is ended by its own methods.
   *
   * @throws {AppError} as {@linkcode send}
   */
  connect(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamSocket>;
  /** Frees connections and listeners; safe to call twice. */
  close(): Promise<void>;
}
