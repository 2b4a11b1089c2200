/** The name-resolution port. @module */

/** Turns host names into addresses. */
export interface Dns {
  /**
   * The host's IPv4 and IPv6 addresses as literals, in the order to try; asked anew each time, as rebinding is decided on
   * what this call answers.
   *
   * @throws {AppError} `upstream_dns` when there is none
   */
  resolve(host: string, signal?: AbortSignal): Promise<readonly string[]>;
}
