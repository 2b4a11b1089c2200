/**
 * A SOCKS5 server on loopback (RFC 1928, RFC 1929) through which this process's own HTTP clients connect: the one way to make
 * Deno's fetch connect to an address that was checked, with TLS name and `Host` of the URL. The client never resolves the name.
 *
 * Each client has a random password that stands for one origin; without it, or for another origin, nothing is connected, so
 * another program on the machine gets nothing from this port.
 *
 * @module
 */

import type { Dialed } from "../dial.ts";

/** Where a client's connections may go. */
export interface Route {
  /** The URL's host, IPv6 without brackets, and its port. */
  readonly host: string;
  readonly port: number;
  /** Connects to a checked address, or through the proxy. */
  connect(): Promise<Dialed>;
  /** Called whenever bytes pass. */
  onTraffic(): void;
}

const VERSION = 5, PASSWORD_METHOD = 2, NO_METHOD = 0xff, CONNECT = 1;
/** RFC 1928 §6. */
const REPLY = { ok: 0, notAllowed: 2, unreachable: 4, unsupported: 7 } as const;

/** Closes the connection without an answer. */
class Protocol extends Error {}

/** The helper. Listens from the first {@linkcode SocksHelper.url} on. */
export class SocksHelper {
  readonly #routes = new Map<string, Route>();
  readonly #connections = new Set<Deno.TcpConn>();
  #listener: Deno.TcpListener | undefined;

  /** The proxy URL for the client whose password is `token`. */
  url(token: string): string {
    this.#listener ??= this.#listen();
    return `socks5://pin:${token}@127.0.0.1:${this.#listener.addr.port}`;
  }

  /** Lets connections with `token` go along `route`. */
  open(token: string, route: Route): void {
    this.#routes.set(token, route);
  }

  /** No new connections with `token`. */
  shut(token: string): void {
    this.#routes.delete(token);
  }

  close(): void {
    this.#listener?.close();
    this.#listener = undefined;
    for (const connection of this.#connections) hangUp(connection);
    this.#connections.clear();
    this.#routes.clear();
  }

  #listen(): Deno.TcpListener {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listener.unref();
    (async () => {
      for await (const connection of listener) this.#serve(connection);
    })().catch(() => {});
    return listener;
  }

  async #serve(client: Deno.TcpConn): Promise<void> {
    this.#connections.add(client);
    let far: Deno.TcpConn | undefined;
    try {
      client.setNoDelay(true);
      const route = await this.#negotiate(client);
      far = await this.#dial(client, route);
      far.setNoDelay(true);
      this.#connections.add(far);
      await reply(client, REPLY.ok);
      await Promise.all([pump(client, far, route), pump(far, client, route)]);
    } catch {
      // Whoever waits for this connection sees it closed; why is known to the route.
    } finally {
      for (const connection of [client, far]) {
        if (connection === undefined) continue;
        this.#connections.delete(connection);
        hangUp(connection);
      }
    }
  }

  async #dial(client: Deno.TcpConn, route: Route): Promise<Deno.TcpConn> {
    try {
      return (await route.connect()).connection;
    } catch (error) {
      await reply(client, REPLY.unreachable);
      throw error;
    }
  }

  /** Greeting, password, request: the route that they name. */
  async #negotiate(client: Deno.TcpConn): Promise<Route> {
    const [version, count] = await read(client, 2);
    const methods = await read(client, count!);
    if (version !== VERSION || !methods.includes(PASSWORD_METHOD)) {
      await writeAll(client, Uint8Array.of(VERSION, NO_METHOD));
      throw new Protocol();
    }
    await writeAll(client, Uint8Array.of(VERSION, PASSWORD_METHOD));
    const user = await read(client, (await read(client, 2))[1]!);
    const password = await read(client, (await read(client, 1))[0]!);
    const route = this.#routes.get(new TextDecoder().decode(password));
    await writeAll(client, Uint8Array.of(1, route === undefined || user.length === 0 ? 1 : 0));
    if (route === undefined || user.length === 0) throw new Protocol();
    const wanted = await readRequest(client);
    // A client is for one origin: anything else would be a connection that nobody checked.
    if (wanted.host !== route.host || wanted.port !== route.port) {
      await reply(client, REPLY.notAllowed);
      throw new Protocol();
    }
    return route;
  }
}

async function readRequest(client: Deno.TcpConn): Promise<{ host: string; port: number }> {
  const [version, command, , type] = await read(client, 4);
  if (version !== VERSION || command !== CONNECT) {
    await reply(client, REPLY.unsupported);
    throw new Protocol();
  }
  const host = await readHost(client, type!);
  const [high, low] = await read(client, 2);
  return { host, port: high! * 256 + low! };
}

async function readHost(client: Deno.TcpConn, type: number): Promise<string> {
  if (type === 1) return (await read(client, 4)).join(".");
  if (type === 3) return new TextDecoder().decode(await read(client, (await read(client, 1))[0]!));
  if (type !== 4) throw new Protocol();
  const bytes = await read(client, 16);
  const groups = Array.from({ length: 8 }, (_, i) => (bytes[2 * i]! * 256 + bytes[2 * i + 1]!).toString(16));
  // The URL standard's spelling, to compare with the route's host.
  return new URL(`http://[${groups.join(":")}]/`).hostname.slice(1, -1);
}

async function reply(client: Deno.TcpConn, code: number): Promise<void> {
  await writeAll(client, Uint8Array.of(VERSION, code, 0, 1, 0, 0, 0, 0, 0, 0));
}

async function read(connection: Deno.TcpConn, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await connection.read(bytes.subarray(at));
    if (count === null) throw new Protocol();
    at += count;
  }
  return bytes;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

/** Copies until the source ends, then ends the destination; a failure ends both (in the caller's `finally`). */
async function pump(from: Deno.TcpConn, to: Deno.TcpConn, route: Route): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    route.onTraffic();
    await writeAll(to, buffer.subarray(0, count));
  }
  await to.closeWrite();
}

function hangUp(connection: Deno.TcpConn): void {
  try {
    connection.close();
  } catch {
    // It was closed already.
  }
}
