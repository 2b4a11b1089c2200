/** Which way of looking at a peer is taken, and what is believed of it. */
import assert from "node:assert/strict";
import { SystemPeers } from "../../../../src/adapters/peer/system.ts";
import { openSocketOwners } from "../../../../src/adapters/process/socket_owners.ts";
import type { PeerUser, SocketOwners } from "../../../../src/ports/peer.ts";
import { connectAs, Connection, STRANGER_UID, strangers } from "../../../support/connection.ts";
import { TempFolder } from "../../../support/temp_folder.ts";

const PEER = { local: { hostname: "127.0.0.1", port: 8765 }, remote: { hostname: "127.0.0.1", port: 50_000 } };
const US = Deno.uid()!;
/** Under the overflow id nobody is one of us. */
const ignore = Deno.build.os !== "linux" || US === 65_534;

type Owner = ReturnType<SocketOwners["ownerOf"]>;

/** Asks with a table that shows the peer as `inTable`, and a kernel that gives these answers in turn. */
async function ask(
  inTable: number | undefined,
  owners: readonly Owner[] | undefined,
  times: number,
): Promise<{ readonly users: PeerUser[]; readonly unasked: number }> {
  await using folder = await TempFolder.make();
  const row = inTable === undefined ? "" : `0: 0100007F:C350 0100007F:223D 01 0 0 0 ${inTable} 0 12 1\n`;
  await Deno.mkdir(`${folder.path}/net`);
  await Deno.writeTextFile(`${folder.path}/net/tcp`, row);
  const left = [...owners ?? []];
  const next = (): Owner => left.shift() ?? assert.fail("asked too often");
  const kernel: SocketOwners | undefined = owners && { ownerOf: next, isOpen: () => "unknown" };
  const peers = new SystemPeers({ proc: folder.path, kernel: () => kernel });
  const users: PeerUser[] = [];
  for (let i = 0; i < times; i++) users.push(await peers.userOf(PEER));
  return { users, unasked: left.length };
}

Deno.test({
  name: "P17 what the kernel finds is believed, and from then on also that it finds nothing",
  ignore,
  fn: async () => {
    const { users } = await ask(US, [US, US + 1, "none", US], 4);
    assert.deepEqual(users, ["same", "other", "other", "same"]);
  },
});

Deno.test({
  name: "a kernel that does not find what the table shows is not asked again",
  ignore,
  fn: async () => {
    for (const answer of ["none", "unknown"] as const) {
      assert.deepEqual(await ask(US, [answer, US + 1], 2), { users: ["same", "same"], unasked: 1 });
      assert.deepEqual(await ask(US + 1, [answer, US], 2), { users: ["other", "other"], unasked: 1 });
    }
  },
});

Deno.test({
  name: "P17 where neither knows the peer it is refused, and the kernel is asked the next time",
  ignore,
  fn: async () => {
    assert.deepEqual((await ask(undefined, ["none", "unknown", US], 3)).users, ["other", "other", "same"]);
  },
});

Deno.test({
  name: "when a kernel that worked once does not answer, the table is read",
  ignore,
  fn: async () => {
    assert.deepEqual((await ask(US, [US, "unknown", US + 1], 3)).users, ["same", "same", "other"]);
    assert.deepEqual((await ask(undefined, [US, "unknown"], 2)).users, ["same", "other"]);
  },
});

Deno.test({
  name: "where the system refuses such sockets, the table is read",
  ignore,
  fn: async () => {
    assert.deepEqual((await ask(US, undefined, 2)).users, ["same", "same"]);
    assert.deepEqual((await ask(US + 1, undefined, 2)).users, ["other", "other"]);
  },
});

Deno.test({
  name: "P17 under the overflow id every user without a number looks like us: nobody is one of ours",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using folder = await TempFolder.make();
    await Deno.mkdir(`${folder.path}/sys/kernel`, { recursive: true });
    await Deno.writeTextFile(`${folder.path}/sys/kernel/overflowuid`, `${US}\n`);
    const peers = new SystemPeers({ proc: folder.path, kernel: () => ({ ownerOf: () => US, isOpen: () => true }) });
    assert.equal(await peers.userOf(PEER), "other");
  },
});

Deno.test({
  name: "P17 both ways tell a process of ours from another user's, each time anew",
  ignore: ignore || !strangers,
  fn: async () => {
    for (const peers of [new SystemPeers({ kernel: openSocketOwners }), new SystemPeers()]) {
      for (const hostname of ["127.0.0.1", "::1"]) {
        await using theirs = await connectAs(STRANGER_UID, hostname);
        assert.equal(await peers.userOf(theirs.peer), "other", hostname);
        using ours = await Connection.open(hostname, hostname);
        assert.equal(await peers.userOf(ours.peer), "same", hostname);
        ours.client.close();
        await ours.accepted.read(new Uint8Array(1));
        assert.equal(await peers.userOf(ours.peer), "other", "closed meanwhile");
      }
    }
  },
});
