/**
 * The broker's socket, from the inside: a Unix socket that only its owner reaches.
 *
 * Who may connect is decided by the file system: Deno cannot ask for the peer's credentials, so the guard is the home folder (0700)
 * and the socket in it (0600). It is checked, not assumed.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import type { BrokerConnection } from "../ports/broker.ts";
import type { BrokerListener, BrokerListenerOptions } from "../usecases/broker/serve_broker.ts";
import { converse } from "./broker_conversation.ts";

/** Conversations at a time; more are turned away. */
const MAX_CONVERSATIONS = 256;

/** Starts it. @throws {AppError} `file_unwritable` when others may enter the home, or the path is too long for a socket */
export async function startBroker({ path, broker }: BrokerListenerOptions): Promise<BrokerListener> {
  await refuseShared(path);
  // The caller holds the proxy's lock: whatever lies there was left behind.
  await Deno.remove(path).catch(() => {});
  const listener = listen(path);
  await Deno.chmod(path, 0o600);
  const cut = new AbortController();
  const open = new Set<Promise<void>>();
  const accepting = accept(listener, (connection) => {
    if (open.size >= MAX_CONVERSATIONS) return connection.close();
    const conversation = converse(connectionOf(connection), broker, cut.signal);
    open.add(conversation);
    conversation.finally(() => open.delete(conversation));
  });
  return {
    shutdown: async (timeoutMs) => {
      listener.close();
      await accepting;
      const timer = setTimeout(() => cut.abort(), timeoutMs);
      await Promise.all(open);
      clearTimeout(timer);
      await Deno.remove(path).catch(() => {});
    },
  };
}

/** A folder that others may enter would let them connect between bind(2) and chmod(2). */
async function refuseShared(path: string): Promise<void> {
  const folder = path.slice(0, path.lastIndexOf("/"));
  const { mode, uid } = await Deno.stat(folder);
  if (mode === null || (mode & 0o077) !== 0) {
    throw new AppError("file_unwritable", { path, reason: `other users may enter ${folder}; run chmod 700 on it` });
  }
  if (uid !== null && uid !== Deno.uid()) {
    throw new AppError("file_unwritable", { path, reason: `${folder} belongs to another user` });
  }
}

function listen(path: string): Deno.UnixListener {
  try {
    return Deno.listen({ transport: "unix", path });
  } catch (error) {
    throw new AppError("file_unwritable", { path, reason: "no socket can be made there" }, { cause: error });
  }
}

async function accept(listener: Deno.UnixListener, take: (connection: Deno.UnixConn) => void): Promise<void> {
  for (;;) {
    try {
      take(await listener.accept());
    } catch (error) {
      if (error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted) return;
      // Out of descriptors for a moment, or a peer that left at once: the next one is taken.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function connectionOf(connection: Deno.UnixConn): BrokerConnection {
  return {
    readable: connection.readable,
    writable: connection.writable,
    close: () => {
      try {
        connection.close();
      } catch {
        // Closed before.
      }
    },
  };
}
