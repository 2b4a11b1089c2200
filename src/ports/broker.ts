/**
 * The broker's socket: the way from a command to the one process that holds an open sealed vault (docs/adr/0006-sealed-mode.md).
 *
 * @module
 */

/** One conversation, as bytes. */
export interface BrokerConnection {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array>;
  /** Ends both directions at once. Safe to call twice. */
  close(): void;
}

/** Where this home's broker listens. */
export interface BrokerSocket {
  /** A connection, or undefined when no broker listens. */
  connect(): Promise<BrokerConnection | undefined>;
}
