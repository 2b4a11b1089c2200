/** The kernel and its table say the same of a socket, whatever has become of it. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { peerUid } from "../../../src/adapters/peer/socket_table.ts";
import { openSocketOwners } from "../../../src/adapters/process/socket_owners.ts";
import type { TcpPeer } from "../../../src/ports/peer.ts";
import { Connection } from "../../support/connection.ts";
import { runs } from "../../support/runs.ts";

type Fate = "open" | "half closed" | "closed" | "reversed" | "wrong port";

const way = fc.constantFrom(["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["127.0.0.1", "::ffff:127.0.0.1"]);
const fate = fc.constantFrom<Fate>("open", "half closed", "closed", "reversed", "wrong port");

async function meet(connection: Connection, what: Fate): Promise<TcpPeer> {
  const { client, accepted, peer } = connection;
  if (what === "half closed") await client.closeWrite();
  if (what === "closed") client.close();
  if (what === "half closed" || what === "closed") await accepted.read(new Uint8Array(1));
  if (what === "reversed") return { local: peer.remote, remote: peer.local };
  if (what === "wrong port") return { ...peer, remote: { ...peer.remote, port: peer.remote.port ^ 1 } };
  return peer;
}

async function inTables(peer: TcpPeer): Promise<number | "none"> {
  const v4 = !peer.remote.hostname.includes(":")
    ? peerUid(await Deno.readTextFile("/proc/net/tcp"), peer, "tcp")
    : undefined;
  return v4 ?? peerUid(await Deno.readTextFile("/proc/net/tcp6"), peer, "tcp6") ?? "none";
}

Deno.test({
  name: "P17 netlink and /proc/net agree about open, half closed, closed and never opened connections",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const owners = openSocketOwners()!;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(way, fate), { minLength: 1, maxLength: 6 }), async (steps) => {
        using stack = new DisposableStack();
        for (const [[listens, connects], what] of steps) {
          const connection = stack.use(await Connection.open(listens!, connects!));
          const peer = await meet(connection, what);
          const told = owners.ownerOf(peer);
          assert.equal(told, await inTables(peer), what);
          const ours = what === "open" || what === "half closed" || what === "reversed";
          if (what !== "wrong port") assert.equal(told, ours ? Deno.uid() : "none", what);
        }
      }),
      runs(20),
    );
  },
});
