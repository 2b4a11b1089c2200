/**
 * An upstream that is a socket and a script: it says what no HTTP server would, and sees what came byte for byte.
 *
 * @module
 */

import { Buffer } from "node:buffer";

/** Text of one character a byte. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}

/** Bytes of such text. */
export function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(text, "latin1"));
}

/** One connection, with the request that came over it. */
export class RawExchange {
  /** Request line and headers, one character a byte, without the empty line. */
  readonly head: string;
  readonly #connection: Deno.Conn;

  constructor(head: string, connection: Deno.Conn) {
    this.head = head;
    this.#connection = connection;
  }

  /** The path and query that was asked for. */
  get path(): string {
    return this.head.split(" ")[1] ?? "";
  }

  /** The value of a request header, by its name in lower case. */
  header(name: string): string | undefined {
    const line = this.head.split("\r\n").find((text) => text.toLowerCase().startsWith(`${name}:`));
    return line?.slice(name.length + 1).trim();
  }

  /** Sends all of it; text is one character a byte. @throws when the peer has gone */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Resolves when the peer has gone. */
  async gone(): Promise<void> {
    const rest = new Uint8Array(64 * 1024);
    while (await this.#connection.read(rest).catch(() => null) !== null);
  }
}

/** What it says. Its side of the connection ends when it returns. */
export type RawScript = (exchange: RawExchange) => Promise<void>;

/** A running one, over plain HTTP: the allowlist takes its full origin. */
export class RawUpstream implements AsyncDisposable {
  /** The heads of all requests, in their order. */
  readonly heads: string[] = [];
  /** Connections that are open now. */
  open = 0;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections = new Set<Deno.TcpConn>();
  readonly #serving: Promise<void>;
  #script: RawScript;

  constructor(script: RawScript) {
    this.#script = script;
    this.#serving = this.#serve();
  }

  /** What it says from the next request on. */
  set script(script: RawScript) {
    this.#script = script;
  }

  get origin(): string {
    return `http://localhost:${this.#listener.addr.port}`;
  }

  async #serve(): Promise<void> {
    const all: Promise<void>[] = [];
    for await (const connection of this.#listener) all.push(this.#converse(connection));
    await Promise.all(all);
  }

  async #converse(connection: Deno.TcpConn): Promise<void> {
    this.open++;
    this.#connections.add(connection);
    try {
      const head = await headOf(connection);
      if (head === undefined) return;
      this.heads.push(head);
      const exchange = new RawExchange(head, connection);
      await this.#script(exchange);
      // Closing over bytes that nobody read would reset the connection, and with it what was just sent.
      await connection.closeWrite();
      await exchange.gone();
    } catch {
      // The peer has gone.
    } finally {
      this.#connections.delete(connection);
      this.open--;
      close(connection);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const connection of this.#connections) close(connection);
    await this.#serving;
  }
}

async function headOf(connection: Deno.Conn): Promise<string | undefined> {
  const block = new Uint8Array(64 * 1024);
  let text = "";
  for (;;) {
    const end = text.indexOf("\r\n\r\n");
    if (end >= 0) return text.slice(0, end);
    const count = await connection.read(block);
    if (count === null) return undefined;
    text += latin1(block.subarray(0, count));
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed before.
  }
}

/** A whole answer in one text. */
export function rawAnswer(headers: readonly string[], body: string | Uint8Array, status = "200 OK"): string {
  const text = typeof body === "string" ? body : latin1(body);
  const lines = [`HTTP/1.1 ${status}`, ...headers, `content-length: ${text.length}`, "connection: close"];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}
