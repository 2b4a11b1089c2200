/**
 * The local HTTP door: `/proxy` and `/health` on 127.0.0.1 and ::1, for programs of this machine, never for browsers.
 *
 * It takes names and hands on answers; the engine behind the door is the only one that holds values.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { CallDoor } from "../usecases/call.ts";
import type { Listener, ListenerOptions } from "../usecases/proxy_server.ts";
import { failureAnswer, upstreamAnswer } from "./answers.ts";
import { guardRequest } from "./guard.ts";
import { proxyRequest } from "./proxy_request.ts";

type Server = Deno.HttpServer<Deno.NetAddr>;
type Handler = (request: Request) => Promise<Response>;

/** Starts it. @throws {AppError} `port_in_use` */
export async function startListener(options: ListenerOptions): Promise<Listener> {
  const state = { port: options.port };
  const cut = new AbortController();
  const handler: Handler = (request) => answer(request, state.port, options);
  const first = serve("127.0.0.1", options.port, handler, cut.signal)!;
  state.port = first.addr.port;
  let second: Server | undefined;
  try {
    // A stranger on the other loopback address would get what clients send to `localhost`.
    second = serve("::1", state.port, handler, cut.signal);
  } catch (error) {
    await first.shutdown();
    throw error;
  }
  const servers = second === undefined ? [first] : [first, second];
  return {
    port: state.port,
    addresses: second === undefined ? [`127.0.0.1:${state.port}`] : [`127.0.0.1:${state.port}`, `[::1]:${state.port}`],
    shutdown: (timeoutMs) => shutdown(servers, cut, timeoutMs),
  };
}

/** Undefined on a machine without that address. */
function serve(hostname: string, port: number, handler: Handler, signal: AbortSignal): Server | undefined {
  try {
    return Deno.serve({ hostname, port, signal, onListen(): void {}, onError: failureAnswer }, handler);
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) {
      throw new AppError("port_in_use", { address: hostname === "::1" ? `[::1]:${port}` : `${hostname}:${port}` });
    }
    if (error instanceof Deno.errors.AddrNotAvailable && hostname === "::1") return undefined;
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new AppError("port_in_use", { address: `${hostname}:${port}` });
    }
    throw error;
  }
}

async function answer(request: Request, port: number, options: ListenerOptions): Promise<Response> {
  try {
    guardRequest(request, port);
    const { pathname } = new URL(request.url);
    if (pathname === "/health" && (request.method === "GET" || request.method === "HEAD")) {
      return Response.json(await options.health(), { headers: { "cache-control": "no-store" } });
    }
    if (pathname !== "/proxy") throw new AppError("bad_request", { reason: "there are /proxy and /health here" });
    return await callThrough(request, options.door);
  } catch (error) {
    return failureAnswer(error);
  }
}

async function callThrough(request: Request, door: CallDoor): Promise<Response> {
  // In Deno the signal also aborts when the answer was delivered; the call has ended by then and does not listen any more.
  return await upstreamAnswer(await door.call(proxyRequest(request), request.signal));
}

async function shutdown(servers: readonly Server[], cut: AbortController, timeoutMs: number): Promise<void> {
  const timer = setTimeout(() => cut.abort(), timeoutMs);
  try {
    await Promise.all(servers.map((server) => server.shutdown()));
  } finally {
    clearTimeout(timer);
  }
}
