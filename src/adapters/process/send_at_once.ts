/**
 * Has this process's servers send what they have at once.
 *
 * Deno's server leaves Nagle's algorithm on up to 2.6 at least: the second event of a stream then waits until the client has
 * acknowledged the first, which clients put off for 40 ms (RFC 9293 §3.7.4, RFC 1122 §4.2.3.2).
 *
 * @module
 */

import { setNoDelayOnListeners } from "../../../ffi/listening_sockets.ts";

/** Descriptors are given from the lowest on, and listeners come before their connections. */
const END = 512;

/** For all TCP listeners that are open now. Where the system does not allow it, streams are less smooth and nothing else. */
export function sendAtOnce(): void {
  if (Deno.build.os !== "linux") return;
  try {
    setNoDelayOnListeners(END);
  } catch {
    // Another C library.
  }
}
