/** Whose socket is at the other end: asked of the real kernel, and of one that answers wrongly. */
import assert from "node:assert/strict";
import { type Channel, KernelSocketOwners, openSocketOwners } from "../../../../src/adapters/process/socket_owners.ts";
import type { SocketFacts, SocketName } from "../../../../ffi/inet_diag.ts";
import type { TcpPeer } from "../../../../src/ports/peer.ts";
import { diagnosticAnswer, diagnosticError, sequenceOf } from "../../../support/netlink.ts";
import { connectAs, Connection, STRANGER_UID, strangers } from "../../../support/connection.ts";

const linux = Deno.build.os === "linux";
const PEER: TcpPeer = { local: { hostname: "127.0.0.1", port: 8765 }, remote: { hostname: "127.0.0.1", port: 50_000 } };
const NAME: SocketName = {
  source: Uint8Array.of(127, 0, 0, 1),
  sourcePort: 50_000,
  destination: Uint8Array.of(127, 0, 0, 1),
  destinationPort: 8765,
};
const FACTS: SocketFacts = { state: 1, uid: 1000, inode: 77 };

/** What a channel delivers after a question with that number. */
function ownerWith(answers: (sequence: number) => readonly Uint8Array[], sent = true): number | string {
  let waiting: Uint8Array[] = [];
  const channel: Channel = {
    send: (question) => {
      waiting = [...answers(sequenceOf(question))];
      return sent;
    },
    receive: () => waiting.shift(),
  };
  return new KernelSocketOwners(channel).ownerOf(PEER);
}

Deno.test("P17 the owner is the answer's user; a socket without a process or one not connected has none", () => {
  const owner = (facts: Partial<SocketFacts>): number | string => {
    return ownerWith((sequence) => [diagnosticAnswer(NAME, sequence, { ...FACTS, ...facts })]);
  };
  assert.equal(owner({}), 1000);
  assert.equal(owner({ uid: 0, inode: 0 }), "none");
  for (const state of [4, 5, 8]) assert.equal(owner({ state }), 1000, `half closed: ${state}`);
  // SYN_SENT, SYN_RECV, TIME_WAIT, CLOSE, LISTEN: not what was accepted.
  for (const state of [0, 2, 3, 6, 7, 10, 12, 255]) assert.equal(owner({ state }), "none", `state ${state}`);
});

Deno.test("P17 answers to earlier questions are passed over, and without one of its own nothing is known", () => {
  const stale = (sequence: number): Uint8Array => diagnosticAnswer(NAME, sequence - 1, { ...FACTS, uid: 7 });
  const right = (sequence: number): Uint8Array => diagnosticAnswer(NAME, sequence, FACTS);
  assert.equal(ownerWith((n) => [stale(n), new Uint8Array(0), right(n)]), 1000);
  assert.equal(ownerWith((n) => [stale(n)]), "unknown");
  assert.equal(ownerWith((n) => Array.from({ length: 100 }, () => stale(n))), "unknown");
  assert.equal(ownerWith(() => []), "unknown");
  assert.equal(ownerWith((n) => [right(n)], false), "unknown", "a question that was not taken");
});

Deno.test("P17 errors are no owner: ENOENT is none, others are unknown", () => {
  assert.equal(ownerWith((n) => [diagnosticError(n, -2)]), "none");
  assert.equal(ownerWith((n) => [diagnosticError(n, -13)]), "unknown");
  assert.equal(ownerWith((n) => [diagnosticAnswer(NAME, n, FACTS).subarray(0, 80)]), "unknown");
});

Deno.test("addresses that are none of IPv4 or ::1 are nobody's", () => {
  const owners = new KernelSocketOwners({ send: () => assert.fail("asked"), receive: () => undefined });
  for (const hostname of ["", "::2", "localhost", "127.0.0", "127.0.0.256", "1.2.3.4.5", "::1"]) {
    const peer = { ...PEER, remote: { hostname, port: 1 } };
    assert.deepEqual([owners.ownerOf(peer), owners.isOpen(peer)], ["none", "unknown"], hostname);
  }
});

Deno.test({
  name: "the kernel knows our own connections, IPv4 through an IPv6 socket included",
  ignore: !linux,
  fn: async () => {
    const owners = openSocketOwners()!;
    for (const [listens, connects] of [["127.0.0.1", "127.0.0.1"], ["::1", "::1"], ["127.0.0.1", "::ffff:127.0.0.1"]]) {
      using connection = await Connection.open(listens!, connects!);
      assert.deepEqual([owners.ownerOf(connection.peer), owners.isOpen(connection.peer)], [Deno.uid(), true], connects);
      await connection.client.closeWrite();
      await connection.accepted.read(new Uint8Array(1)); // its end has arrived
      assert.deepEqual(
        [owners.ownerOf(connection.peer), owners.isOpen(connection.peer)],
        [Deno.uid(), false],
        connects,
      );
    }
  },
});

Deno.test({
  name: "P17 a connection that its process has closed is nobody's, though the kernel shows it as the administrator's",
  ignore: !linux,
  fn: async () => {
    const owners = openSocketOwners()!;
    using connection = await Connection.open("127.0.0.1", "127.0.0.1");
    connection.client.close();
    await connection.accepted.read(new Uint8Array(1)); // its end has arrived
    assert.deepEqual([owners.ownerOf(connection.peer), owners.isOpen(connection.peer)], ["none", false]);
  },
});

Deno.test({
  name: "P17 a socket of ours that listens on the port of a connection that is gone is not taken for it",
  ignore: !linux,
  fn: () => {
    const owners = openSocketOwners()!;
    for (const hostname of ["127.0.0.1", "::1"]) {
      using listener = Deno.listen({ hostname, port: 0 });
      const peer = { local: { hostname, port: 1 }, remote: { hostname, port: listener.addr.port } };
      assert.equal(owners.ownerOf(peer), "none", hostname);
    }
  },
});

Deno.test({
  name: "P17 another user's process is told by its number",
  ignore: !strangers,
  fn: async () => {
    const owners = openSocketOwners()!;
    for (const hostname of ["127.0.0.1", "::1"]) {
      await using connection = await connectAs(STRANGER_UID, hostname);
      assert.equal(owners.ownerOf(connection.peer), STRANGER_UID, hostname);
    }
  },
});
