/**
 * The real program as an MCP server, spoken to by the official SDK's own client over the child's standard streams, in the newest
 * revision of the protocol unless a test says otherwise. Everything the server writes is kept, so that a test can search it.
 */
import {
  type CallToolResult,
  Client,
  type ClientOptions,
  type JSONRPCMessage,
  type Transport,
} from "@modelcontextprotocol/client";
import assert from "node:assert/strict";
import { program, type Sandbox } from "./cli.ts";

const encoder = new TextEncoder();

/** How the server is started. */
export interface ServeStart {
  /** The program and its leading arguments; default: {@linkcode program}. */
  readonly program?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** How the server is started and who connects. */
export interface McpStart extends ServeStart {
  readonly clientName?: string;
  readonly options?: ClientOptions;
  /** The revision that is asked for; default: {@linkcode NEWEST}. An older one is the server's to choose in the handshake. */
  readonly revision?: typeof NEWEST | "with handshake";
}

/** Starts `mcp serve` in the sandbox's project folder. */
export function spawnServer(sandbox: Sandbox, { program: words, args, env, cwd }: ServeStart = {}): Deno.ChildProcess {
  const [command, ...leading] = words ?? program();
  return new Deno.Command(command!, {
    args: [...leading, "mcp", "serve", ...args ?? []],
    cwd: cwd ?? sandbox.folder,
    clearEnv: true,
    env: { ...sandbox.env, ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** The newest revision, which begins without a handshake. */
export const NEWEST = "2026-07-28";

/** A child process as an MCP transport of either SDK: one JSON message a line. */
export class ChildTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly lines: string[] = [];

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
  }

  start(): Promise<void> {
    this.#read().catch((error) => this.onerror?.(error));
    return Promise.resolve();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    await this.#writer.write(encoder.encode(`${JSON.stringify(message)}\n`));
  }

  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (const piece of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + piece).split("\n");
      rest = lines.pop()!;
      for (const line of lines) {
        this.lines.push(line);
        this.onmessage?.(JSON.parse(line));
      }
    }
    if (rest !== "") throw new Error(`standard output ended within a line: ${rest.slice(0, 200)}`);
    this.onclose?.();
  }
}

/** A connected client and the server process behind it. */
export class McpServerProcess implements AsyncDisposable {
  readonly client: Client;
  readonly #child: Deno.ChildProcess;
  readonly #transport: ChildTransport;
  readonly #stderr: Promise<string>;

  private constructor(child: Deno.ChildProcess, transport: ChildTransport, client: Client) {
    this.#child = child;
    this.#transport = transport;
    this.#stderr = new Response(child.stderr).text();
    this.client = client;
  }

  /** Starts `mcp serve` in the sandbox's project folder and connects. */
  static async start(
    sandbox: Sandbox,
    start: McpStart = {},
    prepare: (client: Client) => void = () => {},
  ): Promise<McpServerProcess> {
    const child = spawnServer(sandbox, start);
    const transport = new ChildTransport(child);
    const mode = start.revision === "with handshake" ? "legacy" : { pin: NEWEST };
    const identity = { name: start.clientName ?? "test-agent", version: "1.0.0" };
    const client = new Client(identity, { versionNegotiation: { mode }, ...start.options });
    const server = new McpServerProcess(child, transport, client);
    prepare(client);
    await client.connect(transport);
    return server;
  }

  /** Everything that came on standard output so far: the protocol's lines. */
  get output(): string {
    return this.#transport.lines.join("\n");
  }

  /** The result of a tool, an error included. */
  async call(name: string, args: Record<string, unknown> = {}): Promise<CallToolResult> {
    return await this.client.callTool({ name, arguments: args });
  }

  /** The structured result of a tool that succeeds. Its text says the same. */
  async ok(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { isError, structuredContent, content } = await this.call(name, args);
    assert.notEqual(isError, true, JSON.stringify(content));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
    return structuredContent as Record<string, unknown>;
  }

  /** The error of a tool that fails with `code`. */
  async fails(code: string, name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { isError, structuredContent, content } = await this.call(name, args);
    assert.equal(isError, true, JSON.stringify(content));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
    const error = (structuredContent as Record<string, unknown>)["error"] as Record<string, unknown>;
    assert.equal(error["code"], code, JSON.stringify(error));
    assert.equal(typeof error["message"], "string");
    return error;
  }

  /** Sends a message as it stands. */
  async send(message: unknown): Promise<void> {
    await this.#transport.send(message as JSONRPCMessage);
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Closes the server's input and waits: its exit number and what it wrote to standard error. */
  async end(): Promise<{ readonly code: number; readonly stderr: string }> {
    await this.#transport.close();
    const { code } = await this.#child.status;
    return { code, stderr: await this.#stderr };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
  }
}
