/**
 * A server that says exactly what a test tells it, connection by connection: answers that no HTTP server would give.
 *
 * @module
 */

/** A connection that a client made. */
export class Visit {
  /** 0 for the first connection of all. */
  readonly number: number;
  readonly #connection: Deno.Conn;
  #here = "";

  constructor(number: number, connection: Deno.Conn) {
    this.number = number;
    this.#connection = connection;
  }

  /** The next request's head, one character a byte, without its empty line; undefined when the client has gone. */
  async head(): Promise<string | undefined> {
    for (;;) {
      const at = this.#here.indexOf("\r\n\r\n");
      if (at >= 0) {
        const head = this.#here.slice(0, at);
        this.#here = this.#here.slice(at + 4);
        return head;
      }
      if (!await this.#more()) return undefined;
    }
  }

  /** The next `length` bytes, one character a byte; fewer when the client has gone. */
  async bytes(length: number): Promise<string> {
    while (this.#here.length < length && await this.#more());
    const text = this.#here.slice(0, length);
    this.#here = this.#here.slice(length);
    return text;
  }

  /** Everything up to the client's end, one character a byte. */
  async rest(): Promise<string> {
    while (await this.#more());
    return this.#here;
  }

  /** Sends text, one character a byte. */
  async say(...texts: readonly string[]): Promise<void> {
    const bytes = Uint8Array.from(texts.join(""), (character) => character.charCodeAt(0));
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  close(): void {
    try {
      this.#connection.close();
    } catch {
      // The client left before.
    }
  }

  async #more(): Promise<boolean> {
    const buffer = new Uint8Array(64 * 1024);
    const count = await this.#connection.read(buffer).catch(() => null);
    if (count === null) return false;
    this.#here += String.fromCharCode(...buffer.subarray(0, count).slice(0, 32_768)) +
      String.fromCharCode(...buffer.subarray(Math.min(count, 32_768), count));
    return true;
  }
}

/** A running one. */
export interface ScriptedUpstream extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, with TLS `https://localhost:PORT`. */
  readonly origin: string;
  readonly port: number;
  /** How many connections were made. */
  readonly visits: number;
}

/** Runs `script` for every connection; it is closed when the script ends. With `identity` it speaks TLS. */
export function startScripted(
  script: (visit: Visit) => Promise<void>,
  tls?: { readonly cert: string; readonly key: string; readonly alpnProtocols?: string[] },
): ScriptedUpstream {
  const where = { hostname: "127.0.0.1", port: 0 };
  const listener = tls === undefined ? Deno.listen(where) : Deno.listenTls({ ...where, ...tls });
  const open = new Set<Visit>();
  const running = new Set<Promise<void>>();
  let visits = 0;
  (async () => {
    for (;;) {
      const connection = await listener.accept();
      const visit = new Visit(visits++, connection);
      open.add(visit);
      const done = script(visit).catch(() => {}).finally(() => {
        visit.close();
        open.delete(visit);
        running.delete(done);
      });
      running.add(done);
    }
  })().catch(() => {});
  const { port } = listener.addr as Deno.NetAddr;
  return {
    port,
    origin: tls === undefined ? `http://127.0.0.1:${port}` : `https://localhost:${port}`,
    get visits(): number {
      return visits;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      for (const visit of open) visit.close();
      await Promise.all(running);
    },
  };
}
