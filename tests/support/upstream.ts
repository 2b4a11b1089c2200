/**
 * A real local upstream: HTTP/1.1 and HTTP/2 over TLS with a certificate of an authority made at run time. It says back what it
 * got, which is what an API that leaks credentials does. Tests and the demonstration use it.
 *
 * @module
 */

import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { makeAuthority } from "./authority.ts";
import { startTlsFront } from "./tls_front.ts";

/** A request as the upstream saw it. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A running upstream. */
export interface TestUpstream {
  /** `https://localhost:PORT` (or http). */
  readonly origin: string;
  readonly port: number;
  /** The authority's certificate: give it to the client as a trusted root. */
  readonly caPem: string;
  /** Every request whose body has arrived, oldest first. */
  readonly requests: readonly SeenRequest[];
  /** Answers that the client cut off before their end. */
  readonly aborted: { count: number; next(): Promise<void> };
  /** The piece that `/stream` sends next; undefined ends it. */
  push(piece: string | Uint8Array | undefined): void;
  close(): Promise<void>;
}

/** How the upstream differs from the usual. */
export interface UpstreamOptions {
  /** False: plain http. */
  readonly tls?: boolean;
  /** What the certificate is for. Default: `localhost`, `api.example.test`, `127.0.0.1`, `::1`. */
  readonly hosts?: readonly string[];
  readonly expired?: boolean;
  readonly early?: boolean;
  readonly hostname?: string;
  /** False: over TLS it speaks HTTP/1.1 alone. */
  readonly http2?: boolean;
}

const HOSTS = ["localhost", "api.example.test", "127.0.0.1", "::1"];

/** Starts one on a free loopback port. */
export async function startUpstream(options: UpstreamOptions = {}): Promise<TestUpstream> {
  const authority = await makeAuthority();
  const tls = options.tls !== false;
  const identity = await authority.issue(options.hosts ?? HOSTS, {
    expired: options.expired === true,
    early: options.early === true,
  });
  const state = new State();
  const isBehind = tls && options.http2 === false, hostname = options.hostname ?? "127.0.0.1";
  const server = Deno.serve({
    hostname: isBehind ? "127.0.0.1" : hostname,
    port: 0,
    onListen(): void {},
    ...(tls && !isBehind ? identity : {}),
  }, (request) => state.answer(request));
  const front = isBehind ? startTlsFront(hostname, identity, server.addr.port) : undefined;
  const port = front?.port ?? server.addr.port;
  return {
    origin: `${tls ? "https" : "http"}://localhost:${port}`,
    port,
    caPem: authority.caPem,
    requests: state.requests,
    aborted: state.aborted,
    push: (piece) => state.push(piece),
    async close(): Promise<void> {
      state.end();
      front?.close();
      await server.shutdown();
    },
  };
}

class State {
  readonly requests: SeenRequest[] = [];
  readonly aborted = new Aborts();
  #streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  #hanging: ((response: Response) => void)[] = [];
  #waiting: (string | Uint8Array | undefined)[] = [];

  push(piece: string | Uint8Array | undefined): void {
    const stream = this.#streams[0];
    if (stream === undefined) this.#waiting.push(piece);
    else this.#send(stream, piece);
  }

  end(): void {
    for (const stream of this.#streams) stream.close();
    this.#streams = [];
    for (const answer of this.#hanging) answer(new Response(null, { status: 503 }));
  }

  async answer(request: Request): Promise<Response> {
    let answered = false;
    if (new URL(request.url).pathname === "/hang") {
      // In Deno the signal also aborts when the answer was delivered.
      request.signal.addEventListener("abort", () => answered || this.aborted.add());
    }
    try {
      return await this.#receive(request);
    } finally {
      answered = true;
    }
  }

  async #receive(request: Request): Promise<Response> {
    const url = new URL(request.url);
    // An upload that waits for our answer would dead-lock with one that is read first.
    if (url.pathname === "/ws") return this.#socket(request);
    if (url.pathname === "/early") return new Response("answered before the upload ended");
    const body = await request.text();
    const seen: SeenRequest = {
      method: request.method,
      path: `${url.pathname}${url.search}`,
      host: request.headers.get("host") ?? url.host,
      headers: Object.fromEntries(request.headers),
      body,
    };
    this.requests.push(seen);
    return await this.#route(url, seen);
  }

  async #route(url: URL, seen: SeenRequest): Promise<Response> {
    const echo = JSON.stringify(seen);
    const text = [seen.path, ...Object.values(seen.headers), seen.body].join("\n");
    const [, route, argument] = url.pathname.split("/");
    switch (route) {
      case "status":
        return new Response([204, 205, 304].includes(Number(argument)) ? null : text, { status: Number(argument) });
      case "text":
        return new Response(text, { headers: { "content-type": "text/plain" } });
      case "redirect":
        return new Response(text, { status: 302, headers: { location: url.searchParams.get("to") ?? "/" } });
      case "headers":
        return echoInHeaders(seen);
      case "gzip":
      case "br":
      case "deflate":
      case "zstd":
      case "unknown":
        return new Response(compress(route, text), { headers: { "content-encoding": route } });
      case "huge":
        return new Response(zeros(Number(argument), () => this.aborted.add()));
      case "stream":
        return new Response(this.#open(), { headers: { "content-type": "text/event-stream" } });
      case "hang":
        return await new Promise<Response>((resolve) => this.#hanging.push(resolve));
      case "broken":
        return new Response(broken(text));
      default:
        return new Response(echo, {
          headers: { "content-type": "application/json", etag: '"one"', "set-cookie": "a=1" },
        });
    }
  }

  /** Says back what it gets; `headers`, `split N` and `close CODE` are orders. */
  #socket(request: Request): Response {
    const headers = Object.fromEntries(request.headers), authorization = headers.authorization ?? "";
    this.requests.push({ method: request.method, path: "/ws", host: headers.host ?? "", headers, body: "" });
    const protocol = (headers["sec-websocket-protocol"] ?? "").split(",")[0]!.trim();
    const { socket, response } = Deno.upgradeWebSocket(request, protocol === "" ? {} : { protocol });
    socket.binaryType = "arraybuffer";
    socket.onclose = () => this.aborted.add();
    socket.onmessage = ({ data }) => {
      const [order, argument] = typeof data === "string" ? data.split(" ") : [];
      if (order === "headers") socket.send(JSON.stringify(headers));
      else if (order === "close") socket.close(Number(argument), `reason ${authorization}`);
      else if (order === "split") {
        socket.send(authorization.slice(0, Number(argument)));
        socket.send(authorization.slice(Number(argument)));
      } else socket.send(data);
    };
    return response;
  }

  #open(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>({
      start: (controller): void => {
        this.#streams.push(controller);
        for (const piece of this.#waiting.splice(0)) this.#send(controller, piece);
      },
      cancel: (): void => {
        this.#streams.shift();
        this.aborted.add();
      },
    });
  }

  #send(stream: ReadableStreamDefaultController<Uint8Array>, piece: string | Uint8Array | undefined): void {
    if (piece !== undefined) return stream.enqueue(typeof piece === "string" ? new TextEncoder().encode(piece) : piece);
    this.#streams = this.#streams.filter((other) => other !== stream);
    stream.close();
  }
}

/** Counts what clients cut off. */
class Aborts {
  count = 0;
  #waiting: (() => void)[] = [];

  add(): void {
    this.count++;
    for (const wake of this.#waiting.splice(0)) wake();
  }

  /** Resolves at the next one, at once when there was one. */
  next(): Promise<void> {
    return this.count > 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}

function echoInHeaders(seen: SeenRequest): Response {
  const headers = new Headers({ etag: '"abc"', "content-md5": "x", digest: "x", "alt-svc": "h3", "x-as-fake": "1" });
  headers.set("connection", "x-hop");
  headers.set("x-hop", "1");
  headers.set("x-echo-authorization", seen.headers.authorization ?? "");
  headers.set("x-echo-path", seen.path);
  headers.set("location", `https://elsewhere.example${seen.path}`);
  headers.append("set-cookie", `session=${seen.headers.authorization ?? ""}`);
  headers.append("set-cookie", "plain=1");
  return new Response("in the headers", { headers });
}

function compress(coding: string, text: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(text);
  const encode = { gzip: gzipSync, br: brotliCompressSync, deflate: deflateSync, zstd: zstdCompressSync }[coding];
  return encode === undefined ? bytes : new Uint8Array(encode(bytes));
}

function zeros(length: number, cancel: () => void): ReadableStream<Uint8Array> {
  let left = length;
  return new ReadableStream({
    pull(controller): void {
      const size = Math.min(left, 64 * 1024);
      if (size > 0) controller.enqueue(new Uint8Array(size));
      left -= size;
      if (left <= 0) controller.close();
    },
    cancel,
  });
}

function broken(text: string): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    pull(controller): void {
      if (sent) return controller.error(new Error("cut off on purpose"));
      sent = true;
      controller.enqueue(new TextEncoder().encode(text));
    },
  });
}
