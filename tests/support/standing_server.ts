/**
 * Takes all of this process's descriptors by connections to a server of its own, gives them back, and prints when it serves again:
 * the TCP_NODELAY of the sockets on which it listens, of which one holds the address.
 */
import { SystemListeningSockets } from "../../src/adapters/process/listening_sockets.ts";
import { serveTcp } from "../../src/listener/serve.ts";

const LIBC = { getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" } } as const;
const SOL_SOCKET = 1, SO_ACCEPTCONN = 30, IPPROTO_TCP = 6, TCP_NODELAY = 1;

const sockets = new SystemListeningSockets();
let bound = 0;
const server = serveTcp({
  hostname: "127.0.0.1",
  port: 0,
  handler: () => Promise.resolve(new Response("served")),
  sockets: {
    sendAtOnce: () => {
      bound++;
      sockets.sendAtOnce();
    },
    keep: (address) => sockets.keep(address),
  },
})!;
const { port } = server.addr;
const connections: Deno.Conn[] = [];

/** Connects until no descriptor is left. */
async function takeAll(): Promise<void> {
  try {
    for (;;) connections.push(await Deno.connect({ port }));
  } catch {
    // None is left.
  }
}

const spare = Deno.openSync("/dev/null");
await takeAll();
// One is free now: enough for our end of a connection and not for the server's, which has to find that none is left.
spare.close();
await takeAll();
for (const connection of connections) connection.close();
const served = async (): Promise<boolean> =>
  await fetch(`http://127.0.0.1:${port}/`).then((answer) => answer.text(), () => "") === "served";
while (bound < 2 || !await served()) await new Promise((resolve) => setTimeout(resolve, 5));

const { symbols } = Deno.dlopen("libc.so.6", LIBC);
const option = (descriptor: number, level: number, name: number): number => {
  const value = new Int32Array(1), length = Uint32Array.of(4);
  const known = symbols.getsockopt(
    descriptor,
    level,
    name,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  return known === 0 ? value[0]! : 0;
};
const listening = Array.from(Deno.readDirSync("/proc/self/fd"), ({ name }) => Number(name))
  .filter((descriptor) => option(descriptor, SOL_SOCKET, SO_ACCEPTCONN) === 1);
console.log(JSON.stringify({
  again: bound > 1,
  noDelay: listening.map((descriptor) => option(descriptor, IPPROTO_TCP, TCP_NODELAY)),
}));
await server.shutdown();
Deno.exit(0);
