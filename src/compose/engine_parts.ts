/**
 * What the engine and its doors need of the world beyond the vault.
 *
 * @module
 */

import type { UpstreamProxy } from "../adapters/upstream/proxy/upstream_proxy.ts";
import { VERSION } from "../cli/version.ts";
import type { AuditSink } from "../ports/audit_sink.ts";
import type { Clock } from "../ports/clock.ts";
import type { Dns } from "../ports/dns.ts";
import type { LocalProxy } from "../ports/local_proxy.ts";
import type { Peers, PeerUser, TcpPeer } from "../ports/peer.ts";
import type { Upstream } from "../ports/upstream.ts";
import { authoritiesIn } from "./authorities.ts";
import { type Basis, once } from "./basis.ts";

/** What of the surroundings upstreams depend on. */
export interface UpstreamSurroundings {
  /** Path of a PEM file with more authorities. */
  readonly authorities: string | undefined;
  /** The environment as it was found. */
  readonly inherited: Readonly<Record<string, string>>;
}

/** Carries calls out. */
export async function openUpstream(
  { files, places, opened }: Basis,
  { authorities, inherited }: UpstreamSurroundings,
  upstreamProxy: string | undefined,
): Promise<Upstream> {
  const [{ PinnedUpstream }, { readConfig }] = await Promise.all([
    import("../adapters/upstream/pinned.ts"),
    import("../vault/config.ts"),
  ]);
  const caCerts = await authoritiesIn(files, authorities);
  const asked = upstreamProxy ?? (await readConfig(files, places))?.proxy.upstreamProxy;
  const upstream = new PinnedUpstream({
    caCerts,
    proxy: asked === undefined ? undefined : await openUpstreamProxy(asked, inherited, caCerts),
    userAgent: `agentsecrets/${VERSION}`,
  });
  opened.add(() => upstream.close());
  return upstream;
}

/** The proxy that the person asked for; undefined when it was to come from the environment and is not there. */
export async function openUpstreamProxy(
  asked: string,
  inherited: Readonly<Record<string, string>>,
  caCerts: readonly string[],
): Promise<UpstreamProxy | undefined> {
  const [{ proxySettings }, { UpstreamProxy }] = await Promise.all([
    import("../adapters/upstream/proxy/settings.ts"),
    import("../adapters/upstream/proxy/upstream_proxy.ts"),
  ]);
  const settings = proxySettings(asked, inherited);
  return settings === undefined ? undefined : new UpstreamProxy(settings, caCerts);
}

/** This home's running proxy. */
export async function openLocalProxy(): Promise<LocalProxy> {
  return new (await import("../adapters/local_proxy/http.ts")).HttpLocalProxy();
}

/** The audit log. */
export async function openAuditSink({ places, opened }: Basis): Promise<AuditSink> {
  const [{ FileAuditSink }, { lockPath }] = await Promise.all([
    import("../adapters/audit_sink/file.ts"),
    import("../vault/places.ts"),
  ]);
  const sink = new FileAuditSink({
    path: places.proxyLog,
    lockPath: lockPath(places, "audit"),
    quick: async () => (await import("../adapters/process/quick_files.ts")).openQuickFiles(),
  });
  opened.add(() => sink.close());
  return sink;
}

/** The system's resolver, whose answers hold for a second. */
export async function openDns(clock: Clock): Promise<Dns> {
  const [{ RecentDns }, { SystemDns }] = await Promise.all([
    import("../adapters/dns/recent.ts"),
    import("../adapters/dns/system.ts"),
  ]);
  return new RecentDns(new SystemDns(), clock);
}

/** Opened by the first question. */
export class LazyPeers implements Peers {
  readonly #open = once(openPeers);
  #peers: Peers | undefined;

  userOf(peer: TcpPeer): PeerUser | Promise<PeerUser> {
    return this.#peers === undefined ? this.#userAtFirst(peer) : this.#peers.userOf(peer);
  }

  async #userAtFirst(peer: TcpPeer): Promise<PeerUser> {
    this.#peers = await this.#open();
    return await this.#peers.userOf(peer);
  }

  isOpen(peer: TcpPeer): boolean | undefined {
    return this.#peers?.isOpen(peer);
  }
}

async function openPeers(): Promise<Peers> {
  const [{ SystemPeers }, { openSocketOwners }] = await Promise.all([
    import("../adapters/peer/system.ts"),
    import("../adapters/process/socket_owners.ts"),
  ]);
  return new SystemPeers({ kernel: openSocketOwners });
}
