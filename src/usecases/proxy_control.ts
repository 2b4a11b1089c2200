/**
 * The verbs `proxy status`, `proxy stop` and `proxy sync`, for a proxy that another process runs.
 *
 * @module
 */

import { AppError, isAppError } from "../kernel/error.ts";
import { DEFAULT_PROXY_PORT } from "../kernel/limits.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { proxyLock, type ProxyState, readProxyState } from "./proxy_state.ts";

/** Whether a proxy of this home runs. */
export type ProxyStatus = { readonly running: false } | ({ readonly running: true } & ProxyState);

/** A free lock is taken at once; a held one means that a proxy runs. In ms. */
const PROBE_MS = 250;
/** A proxy drains for at most 10 s. In ms. */
const STOP_MS = 15_000;

/** What is known of this home's proxy; a state file left behind by a killed one does not count. */
export async function proxyStatus(ports: Pick<WorldWithEngine, "files" | "places">): Promise<ProxyStatus> {
  // The lock first: what a killed proxy left behind is not even read.
  if (!await ports.files.exists(ports.places.proxyState) || await lockIsFree(ports, PROBE_MS)) {
    return { running: false };
  }
  const state = await readProxyState(ports.files, ports.places);
  return state === undefined ? { running: false } : { running: true, ...state };
}

/**
 * Asks the proxy to drain and end, and waits for it (at most 15 s).
 *
 * @throws {AppError} `proxy_not_running`, `lock_timeout`
 */
export async function stopProxy(
  ports: Pick<WorldWithEngine, "files" | "places" | "processes">,
  signal?: AbortSignal,
): Promise<ProxyState> {
  const status = await proxyStatus(ports);
  if (!status.running) throw new AppError("proxy_not_running", { address: `127.0.0.1:${DEFAULT_PROXY_PORT}` });
  // The holder of the lock wrote this number, so it is a living proxy's and no stranger's.
  ports.processes.terminate(status.pid);
  if (!await lockIsFree(ports, STOP_MS, signal)) throw new AppError("lock_timeout", { what: "the proxy" });
  const { running: _, ...state } = status;
  return state;
}

/**
 * Has the running proxy, if there is one, drop the values that it holds in memory.
 *
 * @returns `forgotten`, `not_running`, or `unreachable` for one that did not answer: its values go within a minute.
 */
export async function forgetInProxy(
  ports: Pick<WorldWithEngine, "files" | "places" | "localProxy">,
  signal?: AbortSignal,
): Promise<"forgotten" | "not_running" | "unreachable"> {
  const status = await proxyStatus(ports);
  if (!status.running) return "not_running";
  const done = await ports.localProxy.forget(status.addresses[0] ?? "", status.session, signal);
  return done ? "forgotten" : "unreachable";
}

async function lockIsFree(
  ports: Pick<WorldWithEngine, "files" | "places">,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    await ports.files.withLock(proxyLock(ports.places), () => Promise.resolve(), options);
    return true;
  } catch (error) {
    if (isAppError(error, "lock_timeout")) return false;
    throw error;
  }
}
