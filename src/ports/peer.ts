/**
 * The peer port: whose process is at the other end of a local connection.
 *
 * @module
 */

/** One end of a TCP connection. */
export interface Endpoint {
  /** IP literal, IPv6 without brackets. */
  readonly hostname: string;
  readonly port: number;
}

/** A TCP connection that was accepted on loopback, as the accepting side sees it. */
export interface TcpPeer {
  readonly local: Endpoint;
  readonly remote: Endpoint;
}

/** `same`: a process of our own user. `other`: of another user, or it cannot be told. `unchecked`: this system does not say. */
export type PeerUser = "same" | "other" | "unchecked";

/** Looks at the other ends of connections. */
export interface Peers {
  /**
   * Asked anew for every request: a port changes hands as soon as its connection is closed. Said without a promise where the system
   * tells at once. Never throws.
   */
  userOf(peer: TcpPeer): PeerUser | Promise<PeerUser>;
  /** Whether the peer's end is still open both ways; undefined where the system does not tell that at once. Never throws. */
  isOpen(peer: TcpPeer): boolean | undefined;
}

/** Asks the system for one socket at a time, without waiting. */
export interface SocketOwners {
  /**
   * The user id of the peer's own socket, whose local end is our remote one. `none`: no process holds such a socket. `unknown`: the
   * system did not say. Never throws.
   */
  ownerOf(peer: TcpPeer): number | "none" | "unknown";
  /** Whether a process holds that socket, and neither end was closed in either direction. Never throws. */
  isOpen(peer: TcpPeer): boolean | "unknown";
}
