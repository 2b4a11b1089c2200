/** The name-resolution port. @module */

/** Turns host names into addresses. */
export interface Dns {
  /**
   * The host's IPv4 and IPv6 addresses as literals, in the order to try, at most a second old. They may be others each time:
   * what is checked and connected to is what this very call answers.
   *
   * @throws {AppError} `upstream_dns` when there is none
   */
  resolve(host: string, signal?: AbortSignal): Promise<readonly string[]>;
}
