/**
 * Names resolved by the operating system (getaddrinfo: its files, its order, its resolvers).
 *
 * @module
 */

// Not node:dns/promises: in Deno 2.6 importing that prints a deprecation warning to stderr.
import { lookup, type LookupAddress } from "node:dns";
import { AppError } from "../../kernel/error.ts";
import type { Dns } from "../../ports/dns.ts";

/** The machine's resolver. */
export class SystemDns implements Dns {
  async resolve(host: string, signal?: AbortSignal): Promise<readonly string[]> {
    signal?.throwIfAborted();
    const found = await new Promise<readonly LookupAddress[]>((resolve, reject) => {
      // getaddrinfo cannot be stopped; whoever waits for it can.
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      lookup(host, { all: true, verbatim: true }, (error, addresses) => {
        signal?.removeEventListener("abort", onAbort);
        resolve(error === null ? addresses : []);
      });
    });
    if (found.length === 0) throw new AppError("upstream_dns", { domain: host });
    return [...new Set(found.map(({ address }) => address))];
  }
}
