/** The socket to the kernel: only what the kernel says comes out of it. */
import assert from "node:assert/strict";
import { socketAnswer, SocketQuestion } from "../../../ffi/inet_diag.ts";
import { DiagnosticSocket } from "../../../ffi/netlink.ts";

const root = Deno.build.os === "linux" && Deno.uid() === 0;
const NOWHERE = {
  source: Uint8Array.of(127, 0, 0, 1),
  sourcePort: 1,
  destination: Uint8Array.of(127, 0, 0, 1),
  destinationPort: 1,
};

function question(sequence: number): Uint8Array<ArrayBuffer> {
  const asked = new SocketQuestion();
  asked.write(NOWHERE, sequence);
  return asked.bytes;
}

/** Port ids of the sockets of NETLINK_SOCK_DIAG. */
async function portIds(): Promise<Set<number>> {
  const lines = (await Deno.readTextFile("/proc/net/netlink")).trim().split("\n").slice(1);
  return new Set(
    lines.map((line) => line.trim().split(/\s+/)).filter((row) => row[1] === "4").map((row) => Number(row[2])),
  );
}

Deno.test({
  name: "the kernel answers at once, and nothing is left afterwards",
  ignore: Deno.build.os !== "linux",
  fn: () => {
    using socket = new DiagnosticSocket();
    assert.equal(socket.receive(), undefined);
    assert.ok(socket.send(question(5)));
    assert.equal(socketAnswer(socket.receive()!, NOWHERE, 5), "none");
    assert.equal(socket.receive(), undefined);
  },
});

Deno.test({
  name: "P17 what another process sends, as only the administrator's may, is not taken for the kernel's word",
  ignore: !root,
  fn: async () => {
    const libc = Deno.dlopen("libc.so.6", {
      socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
      close: { parameters: ["i32"], result: "i32" },
      sendto: { parameters: ["i32", "buffer", "usize", "i32", "buffer", "u32"], result: "i32" },
    });
    const before = await portIds();
    using socket = new DiagnosticSocket();
    assert.ok(socket.send(question(1))); // the first question gives it its port id
    socket.receive();
    const [portId] = [...await portIds()].filter((id) => !before.has(id));
    const sender = libc.symbols.socket(16, 3, 4);
    const to = new Uint8Array(12), view = new DataView(to.buffer);
    view.setUint16(0, 16, true);
    view.setUint32(4, portId!, true);
    const forged = new Uint8Array(124).fill(1);
    assert.equal(libc.symbols.sendto(sender, forged, 124n, 0, to, 12), 124);
    assert.equal(socket.receive()!.length, 0);
    libc.symbols.close(sender);
    libc.close();
  },
});
