/**
 * Real TCP connections on loopback, as the accepting side sees them.
 *
 * @module
 */

import type { TcpPeer } from "../../src/ports/peer.ts";

/** A user that nobody is. */
export const STRANGER_UID = 54_321;
/** Whether a process of another user can be started here. */
export const strangers: boolean = Deno.build.os === "linux" && Deno.uid() === 0 && await exists("setpriv") &&
  await exists("bash");

async function exists(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v ${program}`], stdout: "null" }).output();
  return success;
}

/** How the accepting side names the two ends. */
function peerOf({ localAddr, remoteAddr }: Deno.TcpConn): TcpPeer {
  return { local: localAddr, remote: remoteAddr };
}

/** One within this process. */
export class Connection implements Disposable {
  readonly client: Deno.TcpConn;
  readonly accepted: Deno.TcpConn;
  readonly peer: TcpPeer;

  private constructor(client: Deno.TcpConn, accepted: Deno.TcpConn) {
    this.client = client;
    this.accepted = accepted;
    this.peer = peerOf(accepted);
  }

  /** From a socket that connects to `connects` to one that listens on `listens`. */
  static async open(listens: string, connects: string): Promise<Connection> {
    using listener = Deno.listen({ hostname: listens, port: 0 });
    const client = await Deno.connect({ hostname: connects, port: listener.addr.port });
    return new Connection(client, await listener.accept());
  }

  [Symbol.dispose](): void {
    for (const end of [this.client, this.accepted]) {
      try {
        end.close();
      } catch {
        // Closed by the test.
      }
    }
  }
}

/** One from a process of that user, which holds it until it is disposed of. */
export async function connectAs(uid: number, hostname: string): Promise<AsyncDisposable & { readonly peer: TcpPeer }> {
  using listener = Deno.listen({ hostname, port: 0 });
  const script = `exec 3<>/dev/tcp/${hostname}/${listener.addr.port}; read -u 3`;
  const child = new Deno.Command("setpriv", {
    args: [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "bash", "-c", script],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const accepted = await listener.accept();
  return {
    peer: peerOf(accepted),
    [Symbol.asyncDispose]: async () => {
      accepted.close();
      await child.status;
    },
  };
}
