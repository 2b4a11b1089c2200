/**
 * `proxy.json`: the address and process of this home's running proxy. The lock that the proxy holds says whether it runs; the file
 * says where.
 *
 * @module
 */

import { fromUtf8, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { Files } from "../ports/files.ts";
import { lockPath, type Places } from "../vault/places.ts";

/** Facts of a running proxy. Times in ms since the epoch. */
export interface ProxyState {
  readonly pid: number;
  readonly port: number;
  /** `127.0.0.1:8765`, `[::1]:8765`. */
  readonly addresses: readonly string[];
  readonly startedAt: number;
  /** Names; empty where there is none. */
  readonly project: string;
  readonly environment: string;
  /** Path of its Unix socket; empty without one. */
  readonly socket: string;
  /** What `X-AS-Session` takes: a credential for this proxy, never shown. */
  readonly session: string;
}

const VERSION = 1;

/** The lock that a running proxy holds. */
export function proxyLock(places: Places): string {
  return lockPath(places, "proxy");
}

/** Where a proxy in the background writes what it would have said: names and failures, no values. */
export function proxyOutputPath(places: Places): string {
  return `${places.home}/proxy.out`;
}

/** The file's content, or undefined when there is none. @throws {AppError} `config_damaged`, `file_unreadable` */
export async function readProxyState(files: Files, places: Places): Promise<ProxyState | undefined> {
  const bytes = await files.read(places.proxyState, { regularOnly: true });
  if (bytes === undefined) return undefined;
  const state = parse(bytes);
  if (state !== undefined) return state;
  throw new AppError("config_damaged", { path: places.proxyState, reason: "it is not a proxy's state" });
}

/** @throws {AppError} `file_unwritable`, `disk_full` */
export async function writeProxyState(files: Files, places: Places, state: ProxyState): Promise<void> {
  const { pid, port, addresses, startedAt, project, environment, socket, session } = state;
  const json = { version: VERSION, pid, port, addresses, started_at: startedAt, project, environment, socket, session };
  await files.write(places.proxyState, utf8(`${JSON.stringify(json, undefined, 2)}\n`));
}

function parse(bytes: Uint8Array): ProxyState | undefined {
  try {
    const json = JSON.parse(fromUtf8(bytes)) as Readonly<Record<string, unknown>>;
    const { version, pid, port, addresses, started_at: startedAt, project, environment, socket, session } = json;
    const numbers = [pid, port, startedAt].every((n) => Number.isSafeInteger(n) && (n as number) > 0);
    const lists = Array.isArray(addresses) && addresses.every((text) => typeof text === "string");
    if (version !== VERSION || !numbers || !lists) return undefined;
    if (typeof project !== "string" || typeof environment !== "string") return undefined;
    if (typeof socket !== "string" || typeof session !== "string") return undefined;
    return {
      pid: pid as number,
      port: port as number,
      addresses,
      startedAt: startedAt as number,
      project,
      environment,
      socket,
      session,
    };
  } catch {
    return undefined;
  }
}
