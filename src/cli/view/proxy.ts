/** How a running proxy is shown. @module */

import type { ProxyState } from "../../usecases/proxy_server.ts";
import { iso } from "./time.ts";
import type { Json } from "./view.ts";

/** A running proxy as JSON. */
export function proxyJson(state: ProxyState): Readonly<Record<string, Json>> {
  return {
    running: true,
    pid: state.pid,
    port: state.port,
    addresses: state.addresses,
    socket: state.socket === "" ? null : state.socket,
    started_at: iso(state.startedAt),
    project: state.project,
    environment: state.environment,
  };
}
