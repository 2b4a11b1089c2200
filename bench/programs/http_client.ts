/**
 * A small HTTP/1.1 client over one kept connection that looks at nothing but the framing: a load generator must cost less than what it
 * measures.
 *
 * @module
 */

/** Where a client connects. */
export interface Target {
  readonly port: number;
  /** TLS for `localhost` with this authority. */
  readonly caPem?: string;
}

/** What one exchange was. Times are from performance.now(), in ms. */
export interface Exchange {
  readonly status: number;
  /** Length of the body. */
  readonly bytes: number;
  readonly firstByteMs: number;
}

const CRLF2 = [13, 10, 13, 10];

/** One connection. */
export class HttpClient {
  readonly #connection: Deno.Conn;
  readonly #buffer = new Uint8Array(256 * 1024);
  #start = 0;
  #end = 0;

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  static async open({ port, caPem }: Target): Promise<HttpClient> {
    if (caPem === undefined) return new HttpClient(await Deno.connect({ port, hostname: "127.0.0.1" }));
    return new HttpClient(await Deno.connectTls({ port, hostname: "localhost", caCerts: [caPem] }));
  }

  /** Sends `request` and reads its answer to the end, or to the body's first byte with `headOnly`. */
  async exchange(request: Uint8Array, headOnly = false): Promise<Exchange> {
    for (let at = 0; at < request.length;) at += await this.#connection.write(request.subarray(at));
    const head = await this.#head();
    const status = Number(head.slice(9, 12));
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (this.#start === this.#end && length !== "0") await this.#fill();
    const firstByteMs = performance.now();
    if (headOnly) return { status, bytes: 0, firstByteMs };
    const bytes = length === undefined ? await this.#chunks() : await this.#skip(Number(length));
    return { status, bytes, firstByteMs };
  }

  close(): void {
    this.#connection.close();
  }

  async #head(): Promise<string> {
    for (;;) {
      await this.#fill();
      for (let at = this.#start; at + 4 <= this.#end; at++) {
        if (CRLF2.some((byte, i) => this.#buffer[at + i] !== byte)) continue;
        const head = new TextDecoder().decode(this.#buffer.subarray(this.#start, at + 2));
        this.#start = at + 4;
        return head;
      }
    }
  }

  async #chunks(): Promise<number> {
    for (let total = 0;;) {
      const size = parseInt(await this.#line(), 16);
      if (!(size >= 0)) throw new Error("a chunk without a size");
      total += size;
      await this.#skip(size + 2);
      if (size === 0) return total;
    }
  }

  async #line(): Promise<string> {
    for (;;) {
      const at = this.#buffer.subarray(0, this.#end).indexOf(10, this.#start);
      if (at < 0) await this.#fill();
      else {
        const line = new TextDecoder().decode(this.#buffer.subarray(this.#start, at));
        this.#start = at + 1;
        return line;
      }
    }
  }

  async #skip(length: number): Promise<number> {
    for (let left = length; left > 0;) {
      if (this.#start === this.#end) await this.#fill();
      const taken = Math.min(left, this.#end - this.#start);
      this.#start += taken;
      left -= taken;
    }
    return length;
  }

  async #fill(): Promise<void> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) throw new Error("a line or a head is too long");
    const read = await this.#connection.read(this.#buffer.subarray(this.#end));
    if (read === null) throw new Error("the connection ended");
    this.#end += read;
  }
}

/** A GET as bytes. */
export function getRequest(path: string, headers: Readonly<Record<string, string>>, port: number): Uint8Array {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return new TextEncoder().encode(`GET ${path} HTTP/1.1\r\nHost: localhost:${port}\r\n${lines}\r\n`);
}
