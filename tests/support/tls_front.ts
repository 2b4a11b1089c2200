/**
 * TLS in front of a plain server on loopback, for a server that speaks HTTP/1.1 alone: Deno's own offers HTTP/2 with every
 * certificate.
 *
 * @module
 */

import type { ServerIdentity } from "./authority.ts";

/** A running front. */
export interface TlsFront {
  readonly port: number;
  close(): void;
}

/** Hands every connection on to `port` of 127.0.0.1. */
export function startTlsFront(hostname: string, identity: ServerIdentity, port: number): TlsFront {
  const listener = Deno.listenTls({ hostname, port: 0, ...identity, alpnProtocols: ["http/1.1"] });
  const open = new Set<Deno.Conn>();
  (async () => {
    for (;;) {
      const near = await listener.accept();
      open.add(near);
      const far = await Deno.connect({ hostname: "127.0.0.1", port });
      far.setNoDelay(true);
      // It may have been closed meanwhile.
      if (!open.has(near)) return hangUp(far);
      open.add(far);
      const end = (): void => {
        for (const connection of [near, far]) if (open.delete(connection)) hangUp(connection);
      };
      // One direction's end is the end: the client never closes half.
      near.readable.pipeTo(far.writable).then(end, end);
      far.readable.pipeTo(near.writable).then(end, end);
    }
  })().catch(() => {});
  return {
    port: (listener.addr as Deno.NetAddr).port,
    close(): void {
      listener.close();
      for (const connection of open) hangUp(connection);
      open.clear();
    },
  };
}

function hangUp(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // Its stream closed it already.
  }
}
