/**
 * The listening sockets: both loopback addresses, and a Unix socket that only its owner may open.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { ListeningSockets } from "../ports/listening_sockets.ts";
import { failureAnswer } from "./answers.ts";
import { hasDescriptors } from "./descriptors.ts";
import { StandingServer } from "./standing.ts";

/** A server and the part of it that drains. */
export interface Serving {
  shutdown(): Promise<void>;
}

/** Where a request came in. */
export type Arrival = Deno.ServeHandlerInfo<Deno.Addr>;
/** Answers requests. */
export type Handler = (request: Request, arrival: Arrival) => Promise<Response>;

/** Where to listen, and who answers. */
export interface TcpDoor {
  readonly hostname: "127.0.0.1" | "::1";
  /** 0 lets the system choose. */
  readonly port: number;
  readonly handler: Handler;
  readonly sockets: ListeningSockets;
}

/** Undefined on a machine without that address. @throws {AppError} `port_in_use` */
export function serveTcp({ hostname, port, handler, sockets }: TcpDoor): StandingServer<Deno.NetAddr> | undefined {
  const address = addressText(hostname, port);
  const listen = (again: Deno.NetAddr | undefined): Deno.HttpServer<Deno.NetAddr> => {
    const at = { hostname, port: again?.port ?? port };
    const server = Deno.serve({ ...at, onListen(): void {}, onError: failureAnswer }, handler);
    sockets.sendAtOnce();
    return server;
  };
  try {
    return new StandingServer({
      listen,
      keep: (addr) => sockets.keep({ hostname, port: addr.port }),
      // Bound, and never accepting: for systems where a socket that is served cannot be held.
      hold: (addr) => Deno.listen({ hostname, port: addr.port }),
    }, hasDescriptors);
  } catch (error) {
    if (error instanceof Deno.errors.AddrNotAvailable && hostname === "::1") return undefined;
    if (error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied) {
      throw new AppError("port_in_use", { address });
    }
    throw error;
  }
}

/**
 * A Unix socket with mode 0600 from its first moment: connecting takes the right to write, so the file's mode is the check of the
 * user. A socket file that nobody serves any more is replaced; anything else in its place stays.
 *
 * @throws {AppError} `port_in_use`, `file_exists`, `file_unwritable`
 */
export async function serveSocket(path: string, handler: Handler): Promise<Serving> {
  await removeStale(path);
  try {
    return new StandingServer({
      listen: (again) => {
        // What a server that gave up has left is our own, in a folder of the user's: there is nothing to hold.
        if (again !== undefined) removeQuietly(path);
        return listenPrivately(path, handler);
      },
      keep: () => undefined,
      hold: () => undefined,
    }, hasDescriptors);
  } catch (error) {
    throw new AppError("file_unwritable", { path, reason: "no socket can be made there" }, { cause: error });
  }
}

/** `127.0.0.1:8765`, `[::1]:8765`. */
export function addressText(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

function listenPrivately(path: string, handler: Handler): Deno.HttpServer<Deno.UnixAddr> {
  const before = Deno.umask(0o177);
  try {
    return Deno.serve({ path, onListen(): void {}, onError: failureAnswer }, handler);
  } finally {
    Deno.umask(before);
  }
}

function removeQuietly(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // It is gone already.
  }
}

async function removeStale(path: string): Promise<void> {
  const found = await Deno.lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (found.isSocket !== true) throw new AppError("file_exists", { path });
  if (await isServed(path)) throw new AppError("port_in_use", { address: path });
  await Deno.remove(path);
}

async function isServed(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}
