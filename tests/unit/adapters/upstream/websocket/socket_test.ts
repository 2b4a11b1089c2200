/** Frames and the handshake of RFC 6455, against an upstream that writes its bytes by hand. */
import assert from "node:assert/strict";
import { ByteReader } from "../../../../../src/adapters/upstream/websocket/byte_reader.ts";
import { maskedFrame, OPCODE } from "../../../../../src/adapters/upstream/websocket/frames.ts";
import { acceptedProtocol, handshakeRequest } from "../../../../../src/adapters/upstream/websocket/handshake.ts";
import { OpenSocket } from "../../../../../src/adapters/upstream/websocket/socket.ts";
import { concat, utf8 } from "../../../../../src/kernel/bytes.ts";
import { isAppError } from "../../../../../src/kernel/error.ts";
import { MAX_MESSAGE_BYTES } from "../../../../../src/ports/upstream_socket.ts";

/** An unmasked frame of a short payload, as a server sends it. */
function frame(first: number, payload: Uint8Array | string = ""): Uint8Array {
  const bytes = typeof payload === "string" ? utf8(payload) : payload;
  return concat(Uint8Array.of(first, bytes.length), bytes);
}

/** A socket whose upstream says `bytes` in pieces of `size`, and what was written to it. */
function open(bytes: Uint8Array, size = 3): { socket: OpenSocket; written: number[] } {
  let at = 0;
  const written: number[] = [];
  const reader = new ByteReader({
    read: (into) => {
      const part = bytes.subarray(at, at + Math.min(size, into.length));
      into.set(part);
      at += part.length;
      return Promise.resolve(part.length === 0 ? null : part.length);
    },
  });
  const connection = {
    write: (out: Uint8Array): Promise<number> => {
      written.push(...out);
      return Promise.resolve(out.length);
    },
    close(): void {},
  };
  return { socket: new OpenSocket({ connection, reader, protocol: "", domain: "x", idleMs: 60_000 }), written };
}

const TEXT = 0x81, BINARY = 0x82, PING = 0x89, CLOSE = 0x88;

Deno.test("fragments are joined, with pings between them answered, masked", async () => {
  const { socket, written } = open(
    concat(frame(0x01, "one "), frame(PING, "?"), frame(0x00, "two "), frame(0x80, "end")),
  );
  assert.deepEqual(await socket.receive(), { kind: "text", bytes: utf8("one two end") });
  assert.deepEqual([written[0], written[1]], [0x8a, 0x81]);
  assert.equal(written[6]! ^ written[2]!, "?".charCodeAt(0));
  assert.deepEqual(await socket.receive(), { code: 1006, reason: "" });
});

Deno.test("what breaks the protocol ends the socket with its code", async () => {
  const broken: readonly (readonly [Uint8Array, number])[] = [
    [frame(0x80, "stray"), 1002],
    [concat(frame(0x01, "a"), frame(TEXT, "b")), 1002],
    [frame(0xc1, "compressed"), 1002],
    [frame(0x83, "unknown"), 1002],
    [frame(0x09, "a ping in pieces"), 1002],
    [concat(Uint8Array.of(TEXT, 0x81), Uint8Array.of(1, 2, 3, 4, 5)), 1002],
    [frame(CLOSE, Uint8Array.of(3)), 1002],
    [frame(TEXT, Uint8Array.of(0xff)), 1007],
    [concat(Uint8Array.of(BINARY, 127), Uint8Array.of(0, 0, 0, 0, 0x01, 0, 0, 1)), 1009],
    [concat(Uint8Array.of(BINARY, 127), Uint8Array.of(0xff, 255, 255, 255, 255, 255, 255, 255)), 1009],
  ];
  assert.equal(MAX_MESSAGE_BYTES, 0x0100_0000);
  for (const [bytes, code] of broken) {
    const { socket, written } = open(bytes);
    await assert.rejects(socket.receive(), (e) => isAppError(e, "upstream_unreachable"), String(code));
    assert.equal(written[0], 0x88);
    const [one, two] = [written[6]! ^ written[2]!, written[7]! ^ written[3]!];
    assert.equal(one * 256 + two, code);
  }
});

Deno.test("fragments count together towards the limit of a message", async () => {
  const half = concat(Uint8Array.of(0x02, 127, 0, 0, 0, 0, 0, 0x80, 0, 1), new Uint8Array(0x80_0001));
  const { socket } = open(concat(half, half), 1 << 20);
  await assert.rejects(socket.receive(), (e) => isAppError(e, "upstream_unreachable"));
});

Deno.test("P33 a message in hundreds of thousands of fragments is one message, and fragments of nothing take no room", async () => {
  const count = 300_000, one = frame(0x00, "a"), none = frame(0x00);
  const bytes = new Uint8Array(3 + count * (one.length + none.length) + 2);
  bytes.set(frame(0x01, "b"));
  for (let at = 3; at < bytes.length - 2; at += one.length + none.length) bytes.set(concat(one, none), at);
  bytes.set(frame(0x80), bytes.length - 2);
  const { socket } = open(bytes, 1 << 16);
  const message = await socket.receive();
  assert.ok("kind" in message);
  assert.equal(new TextDecoder().decode(message.bytes), `b${"a".repeat(count)}`);
  assert.ok(message.bytes.buffer.byteLength <= 4 * count);
});

Deno.test("P38 frames are read in turns: an upstream that sends small ones without a pause keeps nobody else waiting", async () => {
  for (const [first, second] of [[0x00, 0], [0x8a, 0]] as const) {
    const flood = new Uint8Array(40_000).map((_, i) => i % 2 === 0 ? first : second);
    const { socket } = open(concat(frame(0x01), flood, frame(0x80, "end")), 1 << 16);
    let turns = 0, over = false;
    const turn = (): void => {
      turns++;
      if (!over) setTimeout(turn, 0);
    };
    turn();
    assert.deepEqual(await socket.receive(), { kind: "text", bytes: utf8("end") });
    over = true;
    assert.ok(turns >= 100, `${turns} turns`);
  }
});

Deno.test("a close frame is answered and told", async () => {
  const { socket, written } = open(frame(CLOSE, concat(Uint8Array.of(0x0b, 0xb9), utf8("bye"))));
  assert.deepEqual(await socket.receive(), { code: 3001, reason: "bye" });
  assert.equal(written[0], 0x88);
  const none = open(frame(CLOSE));
  assert.deepEqual(await none.socket.receive(), { code: 1005, reason: "" });
});

Deno.test("frames of every length are written as RFC 6455 §5.2 says", () => {
  const mask = Uint8Array.of(1, 2, 3, 4);
  for (const [length, head] of [[0, 6], [125, 6], [126, 8], [65_535, 8], [65_536, 14]] as const) {
    const bytes = maskedFrame(OPCODE.binary, new Uint8Array(length), mask);
    assert.equal(bytes.length, head + length);
    assert.equal(bytes[1]! & 0x7f, length < 126 ? length : length < 65_536 ? 126 : 127);
  }
  // The RFC's own example, §5.7.
  const hello = maskedFrame(OPCODE.text, utf8("Hello"), Uint8Array.of(0x37, 0xfa, 0x21, 0x3d));
  assert.equal(hello.toHex(), "818537fa213d7f9f4d5158");
});

Deno.test("the handshake is the RFC's, and any other answer is refused", async () => {
  // §1.3: this key gives this answer.
  const key = "dGhlIHNhbXBsZSBub25jZQ==", accept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
  const url = new URL("https://api.example.com:8443/a%20b?c=d");
  const text = new TextDecoder().decode(handshakeRequest(url, [["X-A", "1"], ["Sec-WebSocket-Key", "mine"]], key));
  assert.match(text, /^GET \/a%20b\?c=d HTTP\/1\.1\r\nhost: api\.example\.com:8443\r\n[\s\S]*\r\nX-A: 1\r\n\r\n$/);
  assert.equal(text.includes("mine"), false);
  assert.throws(() => handshakeRequest(url, [["x", "a\r\nb: c"]], key), TypeError);
  const lines = ["Upgrade: WebSocket", "Connection: keep-alive, Upgrade", `Sec-WebSocket-Accept: ${accept}`];
  const good = ["HTTP/1.1 101 Switching Protocols", ...lines];
  const ask = (head: readonly string[]): Promise<string> => acceptedProtocol(head.join("\r\n"), "x", key, ["v1"]);
  assert.equal(await ask(good), "");
  assert.equal(await ask([...good, "Sec-WebSocket-Protocol: v1"]), "v1");
  const bad: readonly (readonly string[])[] = [
    ["HTTP/1.1 401 Unauthorized"],
    ["HTTP/1.0 101 Switching Protocols", ...lines],
    ["nonsense"],
    good.slice(0, 3),
    good.map((line) => line.replace("s3p", "s3q")),
    good.filter((line) => !line.startsWith("Upgrade")),
    [...good, "Sec-WebSocket-Protocol: v2"],
    [...good, "Sec-WebSocket-Extensions: permessage-deflate"],
    [...good, " folded: line"],
  ];
  for (const head of bad) {
    await assert.rejects(ask(head), (e) => isAppError(e, "upstream_unreachable"), head.join("|"));
  }
});
