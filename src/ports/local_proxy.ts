/**
 * The local-proxy port: another process's proxy, asked through its own door.
 *
 * @module
 */

/** Speaks to a running proxy. `address` is `127.0.0.1:8765`. */
export interface LocalProxy {
  /** Whether it answers `GET /health`. Never throws. */
  answers(address: string, signal?: AbortSignal): Promise<boolean>;
  /** `POST /forget` with its session token: it drops every value that it holds in memory. Whether it did. Never throws. */
  forget(address: string, session: string, signal?: AbortSignal): Promise<boolean>;
}
