/**
 * The verb `proxy start`: the local HTTP proxy in the foreground, one per home.
 *
 * @module
 */

import { AppError, isAppError } from "../kernel/error.ts";
import { DEFAULT_PROXY_PORT } from "../kernel/limits.ts";
import { type Config, isSealed, requireConfig } from "../vault/config.ts";
import { openBroker, takeOverLockedBroker } from "./broker/serve_broker.ts";
import { createCallDoor, type LocalCallDoor, type SocketDoor } from "./call.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { CallerCheck, type CallerClaims, NO_AGENT_TOKENS, SessionToken } from "./identify_caller.ts";
import { findEnvironment } from "./open_environment.ts";
import { openWorkspace } from "./open_workspace.ts";
import { proxyLock, type ProxyState, readProxyState, writeProxyState } from "./proxy_state.ts";

export type { ProxyState } from "./proxy_state.ts";
export type { CallerClaims };

/** What a listener serves. */
export interface ListenerOptions {
  /** 0 lets the system choose. */
  readonly port: number;
  /** Absolute path of a Unix socket to serve as well. */
  readonly socket?: string;
  readonly door: Pick<LocalCallDoor, "call" | "forget">;
  /** Where WebSockets are opened; without it there are none. */
  readonly sockets?: SocketDoor;
  /** Who may call. */
  readonly callers: Pick<CallerCheck, "identify" | "admit" | "manage" | "isThere">;
  /** Calls under way at once; the listener's own limit unless given. */
  readonly maxCalls?: number;
  /** What `GET /health` answers. */
  health(): Promise<ProxyHealth>;
}

/** Body of `GET /health`. */
export interface ProxyHealth {
  readonly status: "ok";
  /** Names of what was active when the proxy started; empty where there was none. */
  readonly project: string;
  readonly environment: string;
}

/** A listener that accepts. */
export interface Listener {
  readonly port: number;
  /** `127.0.0.1:8765`, `[::1]:8765`. */
  readonly addresses: readonly string[];
  /** Resolves when another program has one of them: clients would tell it what they tell us. */
  readonly lost: Promise<AppError>;
  /** Accepts nothing new and resolves when the running calls have ended, or after `timeoutMs`, when they are cut. */
  shutdown(timeoutMs: number): Promise<void>;
}

/** Opens the door. @throws {AppError} `port_in_use` */
export type StartListener = (options: ListenerOptions) => Promise<Listener>;

/** How to start. */
export interface StartProxyInput {
  /** Default: config.json's, then 8765. 0 lets the system choose. */
  readonly port?: number;
  /** Absolute path of a Unix socket (0600) to serve as well. */
  readonly socket?: string;
  /** Refuses callers without an agent's or this proxy's token, also those of the same user. */
  readonly requireToken?: boolean;
  /** Sealed mode: how long nobody may use it before it locks, in ms. Default one hour; 0 never. */
  readonly lockAfterMs?: number;
}

/** How long running calls may go on after the proxy was asked to end, in ms. */
const DRAIN_MS = 10_000;
/** How long to wait for the lock before another proxy is taken to hold it, in ms. */
const LOCK_MS = 500;

/**
 * Serves until `signal` aborts or an address is another program's, then drains (at most 10 s). `onReady` is called once connections
 * are accepted.
 *
 * @throws {AppError} `not_initialised`, `not_logged_in`, `proxy_running`, `port_in_use`, `file_exists`, `audit_unwritable`
 */
export async function runProxy(
  ports: WorldWithEngine,
  input: StartProxyInput,
  onReady: (state: ProxyState) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { files, places } = ports;
  const config = await requireConfig(files, places);
  const port = input.port ?? config.proxy.port ?? DEFAULT_PROXY_PORT;
  if (isSealed(config)) await takeOverLockedBroker(ports, signal);
  let held = false;
  try {
    await files.withLock(proxyLock(places), async () => {
      held = true;
      await serve(ports, config, { ...input, port }, onReady, signal);
    }, { timeoutMs: LOCK_MS });
  } catch (error) {
    if (held || !isAppError(error, "lock_timeout")) throw error;
    // A file that cannot be read says less, not more, than the lock that is held.
    const other = await readProxyState(files, places).catch(() => undefined);
    throw new AppError("proxy_running", { address: other?.addresses[0] ?? "an address that is not known yet" });
  }
}

async function serve(
  ports: WorldWithEngine,
  config: Config,
  input: StartProxyInput & { readonly port: number },
  onReady: (state: ProxyState) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const { files, places, clock, processes } = ports;
  // What would make every call fail is said now: no account, a locked keychain, a log that cannot be written.
  const active = await activeNames(ports, signal);
  await (await ports.auditSink()).ready();
  const session = SessionToken.make(ports.random);
  using local = createCallDoor(ports);
  await using broker = isSealed(config) ? await openBroker(ports, local, input.lockAfterMs, signal) : undefined;
  const door = broker?.door ?? local;
  const listener = await ports.listen({
    ...listenerOptions(ports, input, door, session.token, active),
    sockets: door,
  });
  try {
    const { addresses, port } = listener;
    const state = {
      pid: processes.pid,
      port,
      addresses,
      startedAt: clock.now(),
      ...active,
      socket: input.socket ?? "",
      session: session.text,
    };
    await writeProxyState(files, places, state);
    await onReady(state);
    await Promise.race([aborted(signal), listener.lost.then((error) => Promise.reject(error))]);
  } finally {
    await listener.shutdown(DRAIN_MS);
    await local.vouch();
    await files.remove(places.proxyState);
  }
}

function listenerOptions(
  ports: WorldWithEngine,
  input: StartProxyInput & { readonly port: number },
  door: ListenerOptions["door"],
  session: SessionToken,
  active: { readonly project: string; readonly environment: string },
): ListenerOptions {
  const requireToken = input.requireToken === true;
  return {
    port: input.port,
    ...(input.socket === undefined ? {} : { socket: input.socket }),
    door,
    callers: new CallerCheck({ peers: ports.peers, session, agents: NO_AGENT_TOKENS, requireToken }),
    health: () => Promise.resolve({ status: "ok", ...active }),
  };
}

/** A proxy may start outside a project: its callers then name one. */
async function activeNames(
  ports: WorldWithEngine,
  signal: AbortSignal,
): Promise<{ project: string; environment: string }> {
  using workspace = await openWorkspace(ports, {}, signal);
  try {
    const { project, environment } = await findEnvironment(ports, workspace, {}, signal);
    return { project, environment };
  } catch (error) {
    if (!isAppError(error, "no_project")) throw error;
    return { project: "", environment: "" };
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
