/**
 * An MCP server that speaks on standard streams, behind HTTP: the official conformance suite only knows URLs. Each session is a
 * process of its own; revision 2026-07-28 knows no sessions, so one process answers all its requests. Messages pass both ways as
 * they are, so that what the suite checks is what the server says.
 */
import type { JSONRPCMessage } from "@modelcontextprotocol/sdk/types";
// @ts-types="@modelcontextprotocol/sdk/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

const EVENTS = "text/event-stream";
/** The HTTP status that goes with a JSON-RPC error, by the revision's HTTP binding: unknown method; a failure of the server. */
const STATUS: Readonly<Record<number, number>> = { [-32601]: 404, [-32603]: 500 };

const HELLO = {
  jsonrpc: "2.0",
  id: "hello",
  method: "resources/list",
  params: {
    _meta: {
      "io.modelcontextprotocol/protocolVersion": "2026-07-28",
      "io.modelcontextprotocol/clientCapabilities": {},
    },
  },
} as const;

/** How the server is started. */
export interface Bridged {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** Listens on a free loopback port. */
export class HttpBridge implements AsyncDisposable {
  readonly #bridged: Bridged;
  readonly #sessions = new Map<string, WebStandardStreamableHTTPServerTransport>();
  readonly #children: StdioClientTransport[] = [];
  /** Requests of the newest revision that are not answered yet. */
  readonly #open = new Map<string | number, WritableStreamDefaultWriter<JSONRPCMessage>>();
  #stateless: Promise<StdioClientTransport> | undefined;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(bridged: Bridged) {
    this.#bridged = bridged;
    const options = { hostname: "127.0.0.1", port: 0, onListen(): void {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://localhost:${this.#server.addr.port}/mcp`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const session of this.#sessions.values()) await session.close();
    for (const child of this.#children) await child.close();
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const id = request.headers.get("mcp-session-id");
    if (id === null && request.method === "POST") {
      const body = await request.clone().json();
      if (body.method !== "initialize" && body.id !== undefined) return await this.#ask(body);
    }
    const session = id === null ? await this.#begin() : this.#sessions.get(id);
    return await session?.handleRequest(request) ?? new Response(null, { status: 404 });
  }

  /** One request of the newest revision: its answer, or the messages that go before it as events. */
  async #ask(request: { readonly id: string | number }): Promise<Response> {
    const child = await (this.#stateless ??= this.#beginStateless());
    const messages = new TransformStream<JSONRPCMessage>(undefined, { highWaterMark: 256 });
    const writer = messages.writable.getWriter();
    this.#open.set(request.id, writer);
    await child.send(request as JSONRPCMessage);
    const reader = messages.readable.getReader();
    const { value: first } = await reader.read();
    if ("method" in first!) {
      // Who leaves the stream takes the request back.
      const leave = (): Promise<void> => child.send(cancelled(request.id));
      return new Response(events(first, reader, leave), { headers: { "content-type": EVENTS } });
    }
    return Response.json(first, { status: "error" in first! ? STATUS[first.error.code] ?? 400 : 200 });
  }

  /** A process whose first request, which nobody asked for, says that the newest revision is spoken. */
  async #beginStateless(): Promise<StdioClientTransport> {
    const child = this.#child();
    const ready = Promise.withResolvers<void>();
    child.onmessage = (message) => {
      if ("id" in message && message.id === HELLO.id) return ready.resolve();
      const answered = "id" in message && !("method" in message) ? message.id : undefined;
      const to = answered === undefined ? [...this.#open.values()] : [this.#open.get(answered)];
      for (const writer of to) writer?.write(message).catch(() => {}); // nobody reads on
      if (answered === undefined) return;
      this.#open.get(answered)?.close().catch(() => {});
      this.#open.delete(answered);
    };
    await child.start();
    await child.send(HELLO);
    await ready.promise;
    return child;
  }

  #child(): StdioClientTransport {
    const { args, ...bridged } = this.#bridged;
    const child = new StdioClientTransport({ ...bridged, args: [...args], env: { ...bridged.env }, stderr: "inherit" });
    this.#children.push(child);
    return child;
  }

  async #begin(): Promise<WebStandardStreamableHTTPServerTransport> {
    const child = this.#child();
    const session = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
    });
    child.onmessage = (message) => void session.send(message).catch(() => {}); // the session is over
    session.onmessage = (message) => void child.send(message);
    await session.start();
    await child.start();
    return session;
  }
}

function cancelled(requestId: string | number): JSONRPCMessage {
  return { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId } };
}

function events(
  first: JSONRPCMessage,
  rest: ReadableStreamDefaultReader<JSONRPCMessage>,
  leave: () => Promise<void>,
): ReadableStream<Uint8Array> {
  const event = (message: JSONRPCMessage): Uint8Array =>
    new TextEncoder().encode(`event: message\ndata: ${JSON.stringify(message)}\n\n`);
  return new ReadableStream({
    start: (controller) => controller.enqueue(event(first)),
    pull: async (controller) => {
      const { value, done } = await rest.read();
      if (done) controller.close();
      else controller.enqueue(event(value));
    },
    cancel: leave,
  });
}
