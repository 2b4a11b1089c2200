/**
 * An MCP server that speaks on standard streams, behind HTTP: the official conformance suite only knows URLs. Each session is a
 * process of its own; messages pass both ways as they are, so that what the suite checks is what the server says.
 */
// @ts-types="@modelcontextprotocol/sdk/client/stdio"
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
// @ts-types="@modelcontextprotocol/sdk/server/webStandardStreamableHttp"
import { WebStandardStreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";

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
    const session = id === null ? await this.#begin() : this.#sessions.get(id);
    return await session?.handleRequest(request) ?? new Response(null, { status: 404 });
  }

  async #begin(): Promise<WebStandardStreamableHTTPServerTransport> {
    const { args, ...bridged } = this.#bridged;
    const child = new StdioClientTransport({ ...bridged, args: [...args], env: { ...bridged.env }, stderr: "inherit" });
    const session = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void this.#sessions.set(id, session),
    });
    child.onmessage = (message) => void session.send(message).catch(() => {}); // the session is over
    session.onmessage = (message) => void child.send(message);
    this.#children.push(child);
    await session.start();
    await child.start();
    return session;
  }
}
