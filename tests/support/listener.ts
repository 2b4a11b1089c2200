/**
 * The real local door with the real engine, upstream and caller check behind it.
 *
 * @module
 */

import { SystemPeers } from "../../src/adapters/peer/system.ts";
import { openSocketOwners } from "../../src/adapters/process/socket_owners.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { AppError } from "../../src/kernel/error.ts";
import { startListener } from "../../src/listener/listener.ts";
import type { Peers } from "../../src/ports/peer.ts";
import { type AgentTokens, CallerCheck, NO_AGENT_TOKENS, SessionToken } from "../../src/usecases/identify_caller.ts";
import type { Listener, ListenerOptions } from "../../src/usecases/proxy_server.ts";
import { TestEngine } from "./engine.ts";
import { startUpstream, type TestUpstream } from "./upstream.ts";

export const KEY = "sk_live_51Habcdefghijklmnop";

/** One for all tests, as a process has one. */
const owners = openSocketOwners();

/** A running door. */
export interface TestDoor {
  readonly upstream: TestUpstream;
  readonly engine: TestEngine;
  readonly listener: Listener;
  readonly callers: CallerCheck;
  /** What `X-AS-Session` takes. */
  readonly session: string;
  /** `http://localhost:PORT`. */
  readonly origin: string;
}

/** How it differs from the usual. */
export interface TestDoorOptions {
  readonly peers?: Peers;
  readonly agents?: AgentTokens;
  readonly requireToken?: boolean;
  readonly socket?: string;
  readonly maxCalls?: number;
  /** More entries of the allowlist. */
  readonly allow?: readonly string[];
}

/** A door that refuses every call. */
export const closedDoor: ListenerOptions["door"] = {
  call: () => Promise.reject(new AppError("cancelled")),
  forget(): void {},
};

export function health(): Promise<{ status: "ok"; project: string; environment: string }> {
  return Promise.resolve({ status: "ok", project: "shop", environment: "development" });
}

/** Runs `work` with one. */
export async function withDoor(work: (door: TestDoor) => Promise<void>, options: TestDoorOptions = {}): Promise<void> {
  const upstream = await startUpstream();
  const secrets = { STRIPE_KEY: KEY, PAIR: "user:pa55word-of-user" };
  const allow = [upstream.origin, ...options.allow ?? []];
  const engine = await TestEngine.start({ caPem: upstream.caPem, allow, secrets });
  const { token, text } = SessionToken.make(systemRandom);
  const callers = new CallerCheck({
    peers: options.peers ?? new SystemPeers({ kernel: () => owners }),
    agents: options.agents ?? NO_AGENT_TOKENS,
    requireToken: options.requireToken ?? false,
    session: token,
  });
  const door: ListenerOptions["door"] = {
    call: ({ injections, ...call }, signal) => engine.call({ ...call, inject: injections }, signal),
    forget: () => engine.engine.forget(),
  };
  const listener = await startListener({
    port: 0,
    door,
    sockets: { connect: ({ injections, ...call }, signal) => engine.connect({ ...call, inject: injections }, signal) },
    callers,
    health,
    ...(options.socket === undefined ? {} : { socket: options.socket }),
    ...(options.maxCalls === undefined ? {} : { maxCalls: options.maxCalls }),
  });
  try {
    const origin = `http://localhost:${listener.port}`;
    await work({ upstream, engine, listener, callers, session: text, origin });
  } finally {
    await listener.shutdown(1000);
    await engine.close();
    await upstream.close();
  }
}
