/** Accepts one connection on a plain listener, with `at-once` after `sendAtOnce()`, and prints the connection's TCP_NODELAY. */
import { SystemListeningSockets } from "../../src/adapters/process/listening_sockets.ts";

const LIBC = { getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" } } as const;
const IPPROTO_TCP = 6, TCP_NODELAY = 1;

using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
if (Deno.args[0] === "at-once") new SystemListeningSockets().sendAtOnce();
const [accepted, dialed] = await Promise.all([listener.accept(), Deno.connect({ port: listener.addr.port })]);
const { symbols } = Deno.dlopen("libc.so.6", LIBC);
// Of the two ends only the accepted one can have it; the listener has it too, when it was set.
const ports: number[] = [];
for (let descriptor = 0; descriptor < 512; descriptor++) {
  const value = new Int32Array(1);
  if (
    symbols.getsockopt(
      descriptor,
      IPPROTO_TCP,
      TCP_NODELAY,
      new Uint8Array(value.buffer),
      new Uint8Array(Uint32Array.of(4).buffer),
    ) === 0
  ) {
    if (value[0] !== 0) ports.push(descriptor);
  }
}
console.log(ports.length === 0 ? "0" : ports.length === 2 ? "1" : `${ports.length} sockets`);
accepted.close();
dialed.close();
