/**
 * TLS in TLS: Deno starts TLS on a TCP connection alone, so the tunnel through a proxy that is itself reached by TLS gets an end on
 * loopback. What passes there is the inner TLS.
 *
 * @module
 */

import { hangUp } from "../open.ts";

/** A TCP connection that carries what `far` carries; the end of either ends both. */
export async function loopbackEnd(far: Deno.Conn): Promise<Deno.TcpConn> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const near = await Deno.connect({ hostname: "127.0.0.1", port: listener.addr.port });
    near.setNoDelay(true);
    const { port } = near.localAddr;
    let inner = await listener.accept();
    // Another program may have been quicker: it gets nothing.
    while (inner.remoteAddr.port !== port) {
      hangUp(inner);
      inner = await listener.accept();
    }
    inner.setNoDelay(true);
    join(inner, far);
    return near;
  } catch (error) {
    hangUp(far);
    throw error;
  } finally {
    listener.close();
  }
}

function join(inner: Deno.TcpConn, far: Deno.Conn): void {
  const end = (): void => [inner, far].forEach(hangUp);
  Promise.all([pump(inner, far), pump(far, inner)]).then(end, end);
}

/** Copies until the source ends, then ends the destination. */
async function pump(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    for (let at = 0; at < count;) at += await to.write(buffer.subarray(at, count));
  }
  await to.closeWrite();
}
