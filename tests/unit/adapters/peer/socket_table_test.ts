/** The kernel's socket table, as text of real machines. */
import assert from "node:assert/strict";
import { peerUid } from "../../../../src/adapters/peer/socket_table.ts";
import { SystemPeers } from "../../../../src/adapters/peer/system.ts";

const HEAD = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const peer = { local: { hostname: "127.0.0.1", port: 8765 }, remote: { hostname: "127.0.0.1", port: 50_000 } };

function row(local: string, remote: string, uid: number, inode: number, state = "01"): string {
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${uid}        0 ${inode} 1 0000000000000000 20 4 30 10 -1\n`;
}

Deno.test("the peer's socket is the one whose local end is our remote end, not our own", () => {
  const ours = row("0100007F:223D", "0100007F:C350", 0, 11), theirs = row("0100007F:C350", "0100007F:223D", 1000, 12);
  assert.equal(peerUid(HEAD + ours + theirs, peer, "tcp"), 1000);
  assert.equal(peerUid(HEAD + ours, peer, "tcp"), undefined);
});

Deno.test("P17 a socket without a process has no user: the table shows it as the administrator's", () => {
  assert.equal(peerUid(HEAD + row("0100007F:C350", "0100007F:223D", 0, 0), peer, "tcp"), undefined);
});

Deno.test("P17 only a connected socket counts, half closed or not: one that still connects may be of whoever took the port over", () => {
  const uidIn = (state: string): number | undefined => {
    return peerUid(HEAD + row("0100007F:C350", "0100007F:223D", 1000, 12, state), peer, "tcp");
  };
  for (const state of ["01", "04", "05", "08"]) assert.equal(uidIn(state), 1000, state);
  for (const state of ["02", "03", "06", "07", "0A", "0C"]) assert.equal(uidIn(state), undefined, state);
});

Deno.test("IPv6, and IPv4 through an IPv6 socket, are found in the table of IPv6", () => {
  const six = { local: { hostname: "::1", port: 8765 }, remote: { hostname: "::1", port: 50_000 } };
  const loopback = "00000000000000000000000001000000", mapped = "0000000000000000FFFF00000100007F";
  assert.equal(peerUid(HEAD + row(`${loopback}:C350`, `${loopback}:223D`, 7, 1), six, "tcp6"), 7);
  assert.equal(peerUid(HEAD + row(`${mapped}:C350`, `${mapped}:223D`, 8, 1), peer, "tcp6"), 8);
});

Deno.test({
  name: "P17 where the table cannot be read, or has no such socket, the peer is not one of ours",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    assert.equal(await new SystemPeers({ proc: "/nonexistent" }).userOf(peer), "other");
    const gone = { ...peer, remote: { hostname: "127.0.0.1", port: 1 } };
    assert.equal(await new SystemPeers().userOf(gone), "other");
  },
});

Deno.test({
  name: "a real connection of this process is of the same user, on both addresses",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    for (const hostname of ["127.0.0.1", "::1"]) {
      using listener = Deno.listen({ hostname, port: 0 });
      using client = await Deno.connect({ hostname, port: listener.addr.port });
      using accepted = await listener.accept();
      const user = await new SystemPeers().userOf({ local: accepted.localAddr, remote: accepted.remoteAddr });
      assert.equal(user, "same", hostname);
      assert.equal(client.localAddr.port, accepted.remoteAddr.port);
    }
  },
});
