/**
 * The port for the TCP sockets that this process listens on: what systems let a program do with them, and the runtime does not.
 *
 * @module
 */

/** Where a socket listens, on loopback. */
export interface LoopbackAddress {
  readonly hostname: "127.0.0.1" | "::1";
  readonly port: number;
}

/** Nothing here throws: where a system does not allow it, it is left out. */
export interface ListeningSockets {
  /** For all that are open now: what their connections are given leaves at once. */
  sendAtOnce(): void;
  /**
   * A second hold on the socket that listens there, until it is disposed of: nobody else can have the address, also when the runtime lets go
   * of it. Undefined where the system cannot do that.
   */
  keep(address: LoopbackAddress): Disposable | undefined;
}
