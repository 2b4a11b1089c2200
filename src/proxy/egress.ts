/**
 * Which addresses a call may connect to. The answer is what the connection is made to; no second look-up follows, so a name that
 * changes its answer in between (DNS rebinding) gains nothing (docs/spec/proxy.md §2, step 5).
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { Dns } from "../ports/dns.ts";
import type { Upstream } from "../ports/upstream.ts";
import { isAddress, isPublicAddress } from "./address.ts";
import { bare } from "./allowlist_entry.ts";
import type { Grant } from "./decide.ts";
import { domainOf } from "./target.ts";

/** What decides where a call may connect to. */
export interface EgressWorld {
  readonly dns: Dns;
  readonly upstream: Pick<Upstream, "throughProxy">;
}

/**
 * The addresses to try, at least one; none when a proxy carries the call, which looks the name up itself
 * (docs/adr/0010-upstream-proxy.md). Private ones are left out unless a person listed the full origin.
 *
 * @throws {AppError} `private_address` when nothing is left, `upstream_dns`, `plain_http_through_proxy`
 */
export async function checkedAddresses(
  grant: Grant,
  url: URL,
  { dns, upstream }: EgressWorld,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  if (grant.origin !== url.origin) throw new TypeError("The grant is for another origin");
  const host = bare(url.hostname), isLiteral = isAddress(host);
  const isProxied = upstream.throughProxy(url);
  if (isProxied && url.protocol !== "https:") throw new AppError("plain_http_through_proxy", { domain: domainOf(url) });
  // An address in the target is checked here whoever connects; a name's are known to the proxy alone.
  if (isProxied && !isLiteral) return [];
  const found = isLiteral ? [host] : await dns.resolve(host, signal);
  const literals = found.filter(isAddress);
  const allowed = grant.reachesPrivate ? literals : literals.filter(isPublicAddress);
  if (allowed.length > 0) return allowed;
  if (literals.length === 0) throw new AppError("upstream_dns", { domain: domainOf(url) });
  throw new AppError("private_address", { domain: domainOf(url) });
}
