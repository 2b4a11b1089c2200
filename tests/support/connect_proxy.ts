/**
 * A real forward proxy: it answers CONNECT and pipes bytes, and keeps everything that it saw. Every name leads to this machine, as if
 * it alone could resolve them.
 *
 * @module
 */

import type { ServerIdentity } from "./authority.ts";

/** How it differs from the usual. */
export interface ConnectProxyOptions {
  /** TLS to the proxy itself. */
  readonly identity?: ServerIdentity;
  /** Value of `Proxy-Authorization` without which it answers 407. */
  readonly authorization?: string;
  /** What it says instead of connecting. */
  readonly answer?: string;
}

/** A running one. */
export interface ConnectProxy extends AsyncDisposable {
  readonly port: number;
  /** The heads of all requests, in their order. */
  readonly heads: string[];
  /** Everything that clients sent, head and tunnel, one character a byte. */
  readonly seen: () => string;
}

/** Starts one on a free loopback port. */
export function startConnectProxy(options: ConnectProxyOptions = {}): ConnectProxy {
  const where = { hostname: "127.0.0.1", port: 0 };
  const listener = options.identity === undefined
    ? Deno.listen(where)
    : Deno.listenTls({ ...where, ...options.identity });
  const heads: string[] = [], pieces: string[] = [];
  const open = new Set<Deno.Conn>(), running = new Set<Promise<void>>();
  (async () => {
    for (;;) {
      const client = await listener.accept();
      open.add(client);
      const done = serve(client).catch(() => {}).finally(() => running.delete(done));
      running.add(done);
    }
  })().catch(() => {});

  async function serve(client: Deno.Conn): Promise<void> {
    const head = await headOf(client);
    heads.push(head);
    pieces.push(head);
    const target = /^CONNECT (\S+):(\d+) HTTP\/1\.1/.exec(head);
    if (options.answer !== undefined || target === null) {
      await say(client, options.answer ?? "HTTP/1.1 405 Method Not Allowed\r\n\r\n");
      return hangUp(client);
    }
    if (
      options.authorization !== undefined && !head.includes(`\r\nproxy-authorization: ${options.authorization}\r\n`)
    ) {
      await say(client, "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
      return hangUp(client);
    }
    const far = await Deno.connect({ hostname: "127.0.0.1", port: Number(target[2]) });
    open.add(far);
    await say(client, "HTTP/1.1 200 Connection established\r\n\r\n");
    await Promise.all([pump(client, far, (text) => pieces.push(text)), pump(far, client, () => {})]).catch(() => {});
    [client, far].forEach(hangUp);
  }

  return {
    port: (listener.addr as Deno.NetAddr).port,
    heads,
    seen: () => pieces.join(""),
    async [Symbol.asyncDispose](): Promise<void> {
      listener.close();
      open.forEach(hangUp);
      await Promise.all(running);
    },
  };
}

async function headOf(client: Deno.Conn): Promise<string> {
  let text = "";
  const buffer = new Uint8Array(16 * 1024);
  while (!text.includes("\r\n\r\n")) {
    const count = await client.read(buffer);
    if (count === null) throw new Error("the client left");
    text += String.fromCharCode(...buffer.subarray(0, count));
  }
  return text;
}

async function pump(from: Deno.Conn, to: Deno.Conn, note: (text: string) => void): Promise<void> {
  const buffer = new Uint8Array(16 * 1024);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    note(String.fromCharCode(...buffer.subarray(0, count)));
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
  await to.closeWrite();
}

async function say(client: Deno.Conn, text: string): Promise<void> {
  await client.write(Uint8Array.from(text, (character) => character.charCodeAt(0)));
}

function hangUp(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
