/**
 * The TCP sockets that this process listens on, on Linux.
 *
 * Deno's server leaves Nagle's algorithm on up to 2.6 at least: the second event of a stream then waits until the client has
 * acknowledged the first, which clients put off for 40 ms (RFC 9293 §3.7.4, RFC 1122 §4.2.3.2). And it closes its socket when no
 * descriptor is left for a connection, after which the address is anybody's.
 *
 * @module
 */

import { setNoDelayOnListeners, SharedListener } from "../../../ffi/listening_sockets.ts";
import type { ListeningSockets, LoopbackAddress } from "../../ports/listening_sockets.ts";

const LOOPBACK = {
  "127.0.0.1": Uint8Array.of(127, 0, 0, 1),
  "::1": Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1),
} as const;

/** Of this process. */
export class SystemListeningSockets implements ListeningSockets {
  sendAtOnce(): void {
    onLinux(() => setNoDelayOnListeners(descriptors()));
  }

  keep({ hostname, port }: LoopbackAddress): Disposable | undefined {
    return onLinux(() => SharedListener.of(descriptors(), { ip: LOOPBACK[hostname], port }));
  }
}

function onLinux<T>(work: () => T): T | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return work();
  } catch {
    // Another C library, or no /proc.
    return undefined;
  }
}

function descriptors(): readonly number[] {
  return Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => Number(name));
}
