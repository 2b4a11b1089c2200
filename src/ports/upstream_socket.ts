/**
 * The part of the upstream port that speaks WebSocket (RFC 6455): messages with a target whose addresses were checked beforehand.
 *
 * @module
 */

import type { Bytes } from "../kernel/bytes.ts";

/** Largest message in either direction, in bytes. */
export const MAX_MESSAGE_BYTES = 16 * 1024 * 1024;

/** A whole message; fragments are joined. */
export interface SocketMessage {
  readonly kind: "text" | "binary";
  /** Of a text: UTF-8, checked. */
  readonly bytes: Bytes;
}

/** Why a socket ended: the close frame's code (1005 without one, 1006 without a frame) and reason. */
export interface SocketEnd {
  readonly code: number;
  readonly reason: string;
}

/** An open WebSocket. */
export interface UpstreamSocket {
  /** The subprotocol that the upstream chose, one of those offered; empty for none. */
  readonly protocol: string;
  /**
   * The next message, or how it ended. Read only when asked, so the reader's pace is the upstream's. Pings are answered.
   *
   * @throws {AppError} `upstream_unreachable` for a message that breaks the protocol or is too large, `upstream_timeout`
   */
  receive(): Promise<SocketMessage | SocketEnd>;
  /** Resolves when it is handed to the system. @throws {AppError} `upstream_unreachable` */
  send(message: SocketMessage): Promise<void>;
  /** Begins the closing handshake; {@linkcode receive} then tells the end, within seconds. Safe to call twice. */
  close(code?: number, reason?: string): void;
  /** Ends it at once. */
  cut(): void;
}
