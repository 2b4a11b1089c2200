/** Questions to the kernel about one socket, and what may count as an answer. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { socketAnswer, type SocketName, SocketQuestion } from "../../../ffi/inet_diag.ts";
import { diagnosticAnswer, diagnosticError } from "../../support/netlink.ts";
import { runs } from "../../support/runs.ts";

const V4: SocketName = {
  source: Uint8Array.of(127, 0, 0, 1),
  sourcePort: 50_000,
  destination: Uint8Array.of(127, 0, 0, 1),
  destinationPort: 8765,
};
const loopback = new Uint8Array(16);
loopback[15] = 1;
const V6: SocketName = { ...V4, source: loopback, destination: loopback };
const FACTS = { state: 1, uid: 1000, inode: 77 };

function questionFor(name: SocketName, sequence: number): Uint8Array<ArrayBuffer> {
  const question = new SocketQuestion();
  question.write(V6, 1); // nothing of the one before may be left
  question.write(name, sequence);
  return question.bytes;
}

Deno.test("a question names one socket exactly, ports in the network's byte order", () => {
  const bytes = questionFor(V4, 9);
  assert.equal(bytes.length, 72);
  assert.deepEqual([...bytes.subarray(16, 18)], [2, 6]); // AF_INET, TCP
  assert.deepEqual([...bytes.subarray(24, 32)], [0xc3, 0x50, 0x22, 0x3d, 127, 0, 0, 1]);
  assert.deepEqual([...bytes.subarray(32, 44)], new Array(12).fill(0));
  assert.deepEqual([...bytes.subarray(44, 60)], [127, 0, 0, 1, ...new Array(12).fill(0)]);
  assert.equal(new Uint16Array(bytes.buffer)[3], 1, "NLM_F_REQUEST and no dump");
  assert.equal(questionFor(V6, 9)[16], 10);
});

Deno.test("P17 an answer counts when it repeats the question's number and both ends", () => {
  assert.deepEqual(socketAnswer(diagnosticAnswer(V4, 9, FACTS), V4, 9), FACTS);
  assert.deepEqual(socketAnswer(diagnosticAnswer(V6, 9, FACTS), V6, 9), FACTS);
  assert.equal(socketAnswer(diagnosticAnswer(V4, 8, FACTS), V4, 9), "unrelated");
  assert.equal(socketAnswer(diagnosticAnswer(V6, 9, FACTS), V4, 9), "none");
  assert.equal(socketAnswer(diagnosticAnswer(V4, 9, FACTS), V6, 9), "none");
  const turned = { ...V4, sourcePort: V4.destinationPort, destinationPort: V4.sourcePort };
  assert.equal(socketAnswer(diagnosticAnswer(turned, 9, FACTS), V4, 9), "none", "our own end");
});

Deno.test("an IPv4 socket that is one of IPv6 is the same, and only as ::ffff:a.b.c.d", () => {
  const mapped = (address: Uint8Array): Uint8Array =>
    Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, ...address);
  const six = { ...V4, source: mapped(V4.source), destination: mapped(V4.destination) };
  assert.deepEqual(socketAnswer(diagnosticAnswer(six, 9, FACTS), V4, 9), FACTS);
  const compatible = { ...six, source: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, ...V4.source) };
  assert.equal(socketAnswer(diagnosticAnswer(compatible, 9, FACTS), V4, 9), "none");
  const mislabelled = diagnosticAnswer(V6, 9, FACTS);
  mislabelled[16] = 2;
  assert.equal(socketAnswer(mislabelled, V6, 9), "none");
});

Deno.test("errors: no such socket, and everything else the kernel could not do", () => {
  assert.equal(socketAnswer(diagnosticError(9, -2), V4, 9), "none");
  for (const code of [-1, -22, -95, 0, 2]) assert.equal(socketAnswer(diagnosticError(9, code), V4, 9), "failed");
  assert.equal(socketAnswer(diagnosticError(9, -2).subarray(0, 18), V4, 9), "failed");
});

Deno.test("P17 any bytes at all are no socket, and neither is an answer cut short or changed in what it repeats", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      assert.equal(typeof socketAnswer(bytes, V4, 9), "string");
    }),
    runs(500),
  );
  const right = diagnosticAnswer(V4, 9, FACTS);
  for (let length = 0; length < right.length; length++) {
    assert.equal(typeof socketAnswer(right.slice(0, length), V4, 9), "string");
  }
  const repeated = [4, 5, 8, 9, 10, 11, 16, 20, 21, 22, 23, 24, 25, 26, 27, 40, 41, 42, 43];
  fc.assert(
    fc.property(fc.constantFrom(...repeated), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const bytes = right.slice();
      bytes[at]! ^= change;
      assert.equal(typeof socketAnswer(bytes, V4, 9), "string", `byte ${at}`);
    }),
    runs(500),
  );
});
