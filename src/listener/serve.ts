/**
 * The listening sockets: both loopback addresses, and a Unix socket that only its owner may open.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { failureAnswer } from "./answers.ts";
import { StandingServer } from "./standing.ts";

/** A server and the part of it that drains. */
export interface Serving {
  shutdown(): Promise<void>;
}

/** Where a request came in. */
export type Arrival = Deno.ServeHandlerInfo<Deno.Addr>;
/** Answers requests. */
export type Handler = (request: Request, arrival: Arrival) => Promise<Response>;

/** Undefined on a machine without that address. @throws {AppError} `port_in_use` */
export function serveTcp(
  hostname: "127.0.0.1" | "::1",
  port: number,
  handler: Handler,
): StandingServer<Deno.NetAddr> | undefined {
  const address = hostname === "::1" ? `[::1]:${port}` : `${hostname}:${port}`;
  const listen = (before: Deno.NetAddr | undefined): Deno.HttpServer<Deno.NetAddr> =>
    Deno.serve({ hostname, port: before?.port ?? port, onListen(): void {}, onError: failureAnswer }, handler);
  try {
    return new StandingServer(listen);
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
    return new StandingServer((before) => {
      // What a server that gave up has left is our own.
      if (before !== undefined) removeQuietly(path);
      return listenPrivately(path, handler);
    });
  } catch (error) {
    throw new AppError("file_unwritable", { path, reason: "no socket can be made there" }, { cause: error });
  }
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
