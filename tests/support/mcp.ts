/**
 * The real program as an MCP server, spoken to by the official SDK's own client over the child's standard streams. Everything the
 * server writes is kept, so that a test can search it.
 */
// @ts-types="@modelcontextprotocol/sdk/client/index"
import { Client, type ClientOptions } from "@modelcontextprotocol/sdk/client/index.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport";
import type { CallToolResult, JSONRPCMessage } from "@modelcontextprotocol/sdk/types";
import assert from "node:assert/strict";
import { program, type Sandbox } from "./cli.ts";

const encoder = new TextEncoder();

/** How the server is started and who connects. */
export interface McpStart {
  /** The program and its leading arguments; default: {@linkcode program}. */
  readonly program?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly clientName?: string;
  readonly options?: ClientOptions;
}

/** A child process as an MCP transport: one JSON message a line. */
class ChildTransport implements Transport {
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

  /** Starts `mcp serve` in the sandbox's project folder and initialises the session. */
  static async start(
    sandbox: Sandbox,
    start: McpStart = {},
    prepare: (client: Client) => void = () => {},
  ): Promise<McpServerProcess> {
    const [command, ...leading] = start.program ?? program();
    const child = new Deno.Command(command!, {
      args: [...leading, "mcp", "serve", ...start.args ?? []],
      cwd: start.cwd ?? sandbox.folder,
      clearEnv: true,
      env: { ...sandbox.env, ...start.env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const transport = new ChildTransport(child);
    const client = new Client({ name: start.clientName ?? "test-agent", version: "1.0.0" }, start.options);
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
    return await this.client.callTool({ name, arguments: args }) as CallToolResult;
  }

  /** The structured result of a tool that succeeds. Its text says the same. */
  async ok(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { isError, structuredContent, content } = await this.call(name, args);
    assert.notEqual(isError, true, JSON.stringify(content));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
    return structuredContent!;
  }

  /** The error of a tool that fails with `code`. */
  async fails(code: string, name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const { isError, structuredContent, content } = await this.call(name, args);
    assert.equal(isError, true, JSON.stringify(content));
    assert.deepEqual(content, [{ type: "text", text: JSON.stringify(structuredContent) }]);
    const error = structuredContent!["error"] as Record<string, unknown>;
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
