/**
 * A client that is a socket: it sends what no HTTP client would, as slowly as it likes.
 *
 * @module
 */

import { bytesOf, latin1 } from "./raw_upstream.ts";

/** One connection to the door. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #block = new Uint8Array(64 * 1024);
  #closed = false;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  static async open(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends all of it; text is one character a byte. @throws when the door has closed */
  async write(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? bytesOf(data) : data;
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** Says that nothing more comes. */
  async finish(): Promise<void> {
    await this.#connection.closeWrite().catch(() => {});
  }

  /** What is here, at least one byte; undefined at the end. */
  async read(): Promise<string | undefined> {
    const count = await this.#connection.read(this.#block).catch(() => null);
    return count === null ? undefined : latin1(this.#block.subarray(0, count));
  }

  /** Everything up to the end. */
  async rest(): Promise<string> {
    let text = "";
    for (let part = await this.read(); part !== undefined; part = await this.read()) text += part;
    return text;
  }

  /** Everything up to `mark`. */
  async until(mark: string): Promise<string> {
    let text = "";
    while (!text.includes(mark)) {
      const part = await this.read();
      if (part === undefined) throw new Error(`It ended before '${mark}': ${text}`);
      text += part;
    }
    return text;
  }

  close(): void {
    if (!this.#closed) this.#connection.close();
    this.#closed = true;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/** The head of a request to `/proxy`, with its empty line. */
export function proxyHead(port: number, headers: readonly string[], method = "GET", path = "/proxy"): string {
  return [`${method} ${path} HTTP/1.1`, `host: localhost:${port}`, ...headers].join("\r\n") + "\r\n\r\n";
}

/** Sends one request that says `connection: close` and gives the whole answer, one character a byte. */
export async function exchange(port: number, text: string | Uint8Array): Promise<string> {
  using client = await RawClient.open(port);
  // A door that refuses early may close before all was sent.
  await client.write(text).catch(() => {});
  return await client.rest();
}

/** The body of an answer that may be chunked. */
export function bodyOf(answer: string): string {
  const at = answer.indexOf("\r\n\r\n"), body = answer.slice(at + 4);
  if (!/^transfer-encoding: chunked$/im.test(answer.slice(0, at))) return body;
  let text = "", from = 0;
  for (;;) {
    const end = body.indexOf("\r\n", from), size = parseInt(body.slice(from, end), 16);
    if (!(size > 0)) return text;
    text += body.slice(end + 2, end + 2 + size);
    from = end + 2 + size + 2;
  }
}
