/**
 * Who may talk to the local listener at all (docs/spec/proxy.md §2, step 1).
 *
 * A web page can reach loopback: by naming it, or by letting its own name point there (DNS rebinding). The first sends `Origin` or
 * fetch metadata, the second a foreign `Host`.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { Head } from "./head.ts";

const METHODS_REFUSED: ReadonlySet<string> = new Set(["TRACE", "TRACK", "CONNECT"]);
const LOOPBACK_NAMES = ["127.0.0.1", "localhost", "[::1]"];
/** Clients of a Unix socket make up a host; no page reaches one, but what they make up is still a name of this machine. */
const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/;

/**
 * @param port The port that `Host` must name, or `socket` for a Unix socket.
 * @throws {AppError} `method_refused`, `host_refused`, `browser_refused`
 */
export function guardRequest(head: Head, port: number | "socket"): void {
  if (METHODS_REFUSED.has(head.method)) throw new AppError("method_refused", { method: head.method });
  // HTTP/2 has no Host header; Deno puts :authority into the URL.
  const host = head.host ?? new URL(head.url).host;
  const named = port === "socket"
    ? LOOPBACK_HOST.test(host)
    : LOOPBACK_NAMES.some((name) => host === `${name}:${port}` || (port === 80 && host === name));
  if (!named) throw new AppError("host_refused");
  if (head.fromBrowser) throw new AppError("browser_refused");
}
