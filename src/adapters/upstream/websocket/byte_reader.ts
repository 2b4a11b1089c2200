/** Exact reads from a connection, no more taken from it than a buffer ahead. @module */

import type { Bytes } from "../../../kernel/bytes.ts";

/** The connection ended in the middle. */
export class EndOfBytes extends Error {}

/** Reads a connection. */
export class ByteReader {
  readonly #connection: Pick<Deno.Conn, "read">;
  readonly #buffer = new Uint8Array(64 * 1024);
  #from = 0;
  #to = 0;

  constructor(connection: Pick<Deno.Conn, "read">) {
    this.#connection = connection;
  }

  /** The next `length` bytes, in an array of their own. @throws {EndOfBytes} */
  async exactly(length: number): Promise<Bytes> {
    const out = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (this.#from === this.#to) await this.#fill();
      const part = this.#buffer.subarray(this.#from, Math.min(this.#to, this.#from + length - at));
      out.set(part, at);
      at += part.length;
      this.#from += part.length;
    }
    return out;
  }

  /** The bytes up to and without the first empty line. @throws {EndOfBytes}, RangeError beyond `maxBytes` */
  async head(maxBytes: number): Promise<string> {
    let text = "";
    while (!text.endsWith("\r\n\r\n")) {
      if (text.length >= maxBytes) throw new RangeError("The head is too large");
      if (this.#from === this.#to) await this.#fill();
      // One character a byte: header text is bytes.
      text += String.fromCharCode(this.#buffer[this.#from++]!);
    }
    return text.slice(0, -4);
  }

  async #fill(): Promise<void> {
    const count = await this.#connection.read(this.#buffer);
    if (count === null) throw new EndOfBytes();
    this.#from = 0;
    this.#to = count;
  }
}
