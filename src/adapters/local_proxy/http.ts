/**
 * A running proxy over HTTP on loopback.
 *
 * @module
 */

import type { LocalProxy } from "../../ports/local_proxy.ts";

/** How long a proxy of this machine may take to answer, in ms. */
const ANSWER_MS = 5_000;

/** Asks with fetch. */
export class HttpLocalProxy implements LocalProxy {
  async answers(address: string, signal?: AbortSignal): Promise<boolean> {
    return await ask(`http://${address}/health`, { method: "GET" }, signal);
  }

  async forget(address: string, session: string, signal?: AbortSignal): Promise<boolean> {
    return await ask(`http://${address}/forget`, { method: "POST", headers: { "x-as-session": session } }, signal);
  }
}

async function ask(url: string, init: RequestInit, signal: AbortSignal | undefined): Promise<boolean> {
  const late = AbortSignal.timeout(ANSWER_MS);
  try {
    const response = await fetch(url, {
      ...init,
      redirect: "error",
      signal: signal === undefined ? late : AbortSignal.any([late, signal]),
    });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}
