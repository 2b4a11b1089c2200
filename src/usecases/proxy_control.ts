/**
 * The verbs `proxy status` and `proxy stop`, for a proxy that another process runs.
 *
 * @module
 */

import type { WorldWithEngine } from "./engine_ports.ts";
import type { ProxyState } from "./proxy_server.ts";

/** Whether a proxy of this home runs. */
export type ProxyStatus = { readonly running: false } | ({ readonly running: true } & ProxyState);

/** What is known of this home's proxy; a state file left behind by a killed one does not count. */
export declare function proxyStatus(ports: Pick<WorldWithEngine, "files" | "places">): Promise<ProxyStatus>;

/**
 * Asks the proxy to drain and end, and waits for it (at most 15 s).
 *
 * @throws {AppError} `proxy_not_running`, `lock_timeout`
 */
export declare function stopProxy(
  ports: Pick<WorldWithEngine, "files" | "places" | "processes">,
  signal?: AbortSignal,
): Promise<ProxyState>;
