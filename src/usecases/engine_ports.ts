/**
 * What the use-cases that use secrets ask of the world beyond {@linkcode Ports}: upstreams, names, the audit log, processes and
 * a local listener. compose.ts adds these to the object it builds.
 *
 * @module
 */

import type { AuditSink } from "../ports/audit_sink.ts";
import type { Background } from "../ports/background.ts";
import type { Dns } from "../ports/dns.ts";
import type { LocalProxy } from "../ports/local_proxy.ts";
import type { Peers } from "../ports/peer.ts";
import type { Processes } from "../ports/process.ts";
import type { Upstream } from "../ports/upstream.ts";
import type { Ports } from "./ports.ts";
import type { StartBroker } from "./broker/serve_broker.ts";
import type { StartListener } from "./proxy_server.ts";

/** The engine's part of the world. Async getters do their work once, on first use. */
export interface EnginePorts {
  readonly dns: Dns;
  readonly processes: Processes;
  /** Whose connections reach the local proxy. */
  readonly peers: Peers;
  /** This home's running proxy, asked through its door. */
  readonly localProxy: LocalProxy;
  /** This program in the background. */
  readonly background: Background;
  /** `--upstream-proxy` of this command, if it has one. It may hold a password: it goes into no message. */
  readonly upstreamProxy?: string;
  /** Carries calls out; nothing is opened before the first. */
  upstream(): Promise<Upstream>;
  /** The audit log at `places.proxyLog`. */
  auditSink(): Promise<AuditSink>;
  /** Opens the local HTTP door (src/listener). */
  readonly listen: StartListener;
  /** Opens the broker's socket (src/listener). */
  readonly listenBroker: StartBroker;
}

/** The world of a command that uses secrets. */
export type WorldWithEngine = Ports & EnginePorts;
