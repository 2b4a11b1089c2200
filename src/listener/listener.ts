/**
 * The local HTTP door: `/proxy` and `/health` on 127.0.0.1, ::1 and a Unix socket, for programs of this machine and this user,
 * never for browsers.
 *
 * It takes names and hands on answers; the engine behind the door is the only one that holds values.
 *
 * What Deno's server does and does not limit: a request's head has at most some 400 KiB (then 431), of which the engine takes
 * 64 KiB; a head that never ends keeps its connection, not a call, open until the client goes or the proxy ends.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { ListeningSockets } from "../ports/listening_sockets.ts";
import type { CallRequest } from "../usecases/call.ts";
import type { CallerClaims } from "../usecases/identify_caller.ts";
import type { Listener, ListenerOptions } from "../usecases/proxy_server.ts";
import { failureAnswer, failureForSdk, upstreamAnswer } from "./answers.ts";
import { type Call, Cancellations } from "./cancellation.ts";
import { Gate } from "./gate.ts";
import { guardRequest } from "./guard.ts";
import { type Head, readHead } from "./head.ts";
import { proxyRequest } from "./proxy_request.ts";
import { withSafeRedirect } from "./redirects.ts";
import { bodyOf } from "./request_body.ts";
import { addressText, type Arrival, type Handler, serveSocket, serveTcp, type Serving } from "./serve.ts";
import { isBaseUrl, PROXY_PATH } from "./target_of.ts";
import { type Ending, joinSockets } from "./web_socket.ts";

/** How long cut calls may take to be put on record, in ms. */
const CUT_MS = 2_000;
const NO_SOCKETS: ListeningSockets = { sendAtOnce: () => {}, keep: () => undefined };

/**
 * Starts it.
 *
 * @throws {AppError} `port_in_use`, `file_exists`, `file_unwritable`
 */
export async function startListener(
  options: ListenerOptions,
  sockets: ListeningSockets = NO_SOCKETS,
): Promise<Listener> {
  const begin = new AbortController(), cut = new AbortController();
  const door = new Door(options, { begins: begin.signal, cuts: cut.signal });
  const servers: Serving[] = [];
  // Deno tells where a request comes from only to handlers that visibly take two arguments.
  const onTcp: Handler = (request, arrival) => door.answerTcp(request, arrival);
  try {
    const tcp = { handler: onTcp, sockets };
    const first = serveTcp({ ...tcp, hostname: "127.0.0.1", port: options.port })!;
    servers.push(first);
    const port = door.port = first.addr.port;
    // A stranger on the other loopback address would get what clients send to `localhost`.
    const second = serveTcp({ ...tcp, hostname: "::1", port });
    if (second !== undefined) servers.push(second);
    const both = second === undefined ? [first] : [first, second];
    if (options.socket !== undefined) {
      servers.push(await serveSocket(options.socket, (request) => door.answerSocket(request)));
    }
    return {
      port,
      addresses: both.map(({ addr }) => addressText(addr.hostname, addr.port)),
      lost: Promise.race(both.map(({ lost }) => lost)).then(({ hostname, port }) =>
        new AppError("port_in_use", { address: addressText(hostname, port) })
      ),
      shutdown: async (timeoutMs) => {
        begin.abort();
        // A call outlives its connection: by the time that its record takes, or as a WebSocket.
        const ended = Promise.all(servers.map((server) => server.shutdown())).then(() => door.callsEnded());
        await atMost(timeoutMs, ended, cut);
        door.stop();
      },
    };
  } catch (error) {
    for (const server of servers) await server.shutdown();
    throw error;
  }
}

/** Answers requests, wherever they come in. */
class Door {
  /** Known once the first address is bound. */
  port = 0;
  readonly #options: ListenerOptions;
  readonly #gate: Gate;
  readonly #ending: Ending;
  readonly #cancellations: Cancellations;

  constructor(options: ListenerOptions, ending: Ending) {
    this.#options = options;
    this.#ending = ending;
    this.#gate = new Gate(options.maxCalls);
    this.#cancellations = new Cancellations((claims) => options.callers.isThere(claims), ending.cuts);
  }

  answerTcp(request: Request, arrival: Arrival): Promise<Response> {
    return this.#answer(request, arrival);
  }

  answerSocket(request: Request): Promise<Response> {
    return this.#answer(request, "socket");
  }

  stop(): void {
    this.#cancellations.stop();
  }

  /** Resolves when every call is over and on record, or could not be put there. */
  callsEnded(): Promise<void> {
    return this.#gate.empty();
  }

  async #answer(request: Request, arrival: Arrival | "socket"): Promise<Response> {
    const head = readHead(request);
    try {
      guardRequest(head, arrival === "socket" ? "socket" : this.port);
      const peer = arrival === "socket" ? arrival : tcpPeer(arrival, this.port);
      return await this.#route(request, head, claimsOf(head, peer));
    } catch (error) {
      return isBaseUrl(head.asked) ? failureForSdk(error) : failureAnswer(error);
    }
  }

  #route(request: Request, head: Head, claims: CallerClaims): Promise<Response> {
    const { method } = head, path = pathOf(head);
    if (path === PROXY_PATH || isBaseUrl(path)) return this.#call(request, head, claims);
    if (path === "/health" && (method === "GET" || method === "HEAD")) return this.#health(claims);
    if (path === "/forget" && method === "POST") return this.#forget(claims);
    throw new AppError("bad_request", { reason: "there are /proxy and /health here" });
  }

  async #health(claims: CallerClaims): Promise<Response> {
    await this.#options.callers.admit(claims);
    return Response.json(await this.#options.health(), { headers: { "cache-control": "no-store" } });
  }

  async #forget(claims: CallerClaims): Promise<Response> {
    await this.#options.callers.manage(claims);
    this.#options.door.forget();
    return new Response(null, { status: 204 });
  }

  async #call(request: Request, head: Head, claims: CallerClaims): Promise<Response> {
    const caller = await this.#options.callers.identify(claims);
    const leave = this.#gate.enter();
    const call = this.#cancellations.begin({ request, claims, shared: head.host === undefined });
    const over = (): void => {
      leave();
      call.end();
    };
    try {
      if (head.upgrade === "websocket") {
        return await this.#socket(request, proxyRequest(head, null, caller), call, over);
      }
      const body = await bodyOf(request, head, call.signal);
      const asked = proxyRequest(head, body, caller);
      const response = await this.#options.door.call(asked, call.signal);
      response.outcome.then(over, over);
      return upstreamAnswer(withSafeRedirect(response, head, asked.target), head);
    } catch (error) {
      over();
      throw error;
    }
  }

  async #socket(request: Request, asked: CallRequest, call: Call, over: () => void): Promise<Response> {
    const { sockets } = this.#options;
    if (sockets === undefined) {
      throw new AppError("unsupported", { what: "a WebSocket", reason: "this proxy opens none" });
    }
    const upstream = await sockets.connect(asked, call.signal);
    call.end(); // the handshake is all that it could end
    try {
      const { response, ended } = joinSockets(request, upstream, this.#ending);
      ended.finally(over);
      return response;
    } catch (error) {
      await upstream.cut();
      throw error;
    }
  }
}

function claimsOf({ own }: Head, peer: CallerClaims["peer"]): CallerClaims {
  return {
    agentId: own.get("x-as-agent-id"),
    agentToken: own.get("x-as-agent-token"),
    session: own.get("x-as-session"),
    peer,
  };
}

function tcpPeer({ remoteAddr }: Arrival, port: number): CallerClaims["peer"] {
  if (remoteAddr.transport !== "tcp") throw new AppError("caller_unknown");
  const hostname = remoteAddr.hostname.includes(":") ? "::1" : "127.0.0.1";
  return { local: { hostname, port }, remote: remoteAddr };
}

function pathOf({ asked }: Head): string {
  const end = asked.search(/[?#]/);
  return end < 0 ? asked : asked.slice(0, end);
}

/** Every wait ends: first for the calls, then for what they leave, which the process's own end cuts. */
async function atMost(timeoutMs: number, ended: Promise<void>, cut: AbortController): Promise<void> {
  const { promise: overdue, resolve } = Promise.withResolvers<void>();
  // Not Deno's own signal: aborting that during a shutdown throws where nobody can catch it.
  let timer = setTimeout(() => {
    cut.abort(new AppError("cancelled"));
    timer = setTimeout(resolve, CUT_MS);
  }, timeoutMs);
  try {
    await Promise.race([ended, overdue]);
  } finally {
    clearTimeout(timer);
  }
}
