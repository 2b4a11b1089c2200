/**
 * The broker's Unix socket, from the client's side.
 *
 * @module
 */

import type { BrokerConnection, BrokerSocket } from "../../ports/broker.ts";

/** A path in the file system. */
export class UnixBrokerSocket implements BrokerSocket {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  async connect(): Promise<BrokerConnection | undefined> {
    if (Deno.build.os === "windows") return undefined;
    try {
      return connectionOver(await Deno.connect({ transport: "unix", path: this.#path }));
    } catch {
      // No socket, one that a killed broker left behind, or a path that is too long for any broker: nobody listens.
      return undefined;
    }
  }
}

/** A connection over an accepted or made one. */
export function connectionOver(connection: Deno.UnixConn): BrokerConnection {
  let open = true;
  return {
    readable: connection.readable,
    writable: connection.writable,
    close: () => {
      if (!open) return;
      open = false;
      try {
        connection.close();
      } catch {
        // Its streams closed it when both had ended.
      }
    },
  };
}
