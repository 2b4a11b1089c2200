/** Bodies: chunks in any pieces, and never a byte beyond their end. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BadAnswer } from "../../../../../src/adapters/upstream/http1/bad_answer.ts";
import {
  Channel,
  MAX_BUFFER_BYTES,
  MAX_SPARE_BUFFER_BYTES,
} from "../../../../../src/adapters/upstream/http1/channel.ts";
import { SpareMemory } from "../../../../../src/adapters/upstream/http1/spare_memory.ts";
import { type Framing, framingOf } from "../../../../../src/adapters/upstream/http1/framing.ts";
import { concat } from "../../../../../src/kernel/bytes.ts";
import { bytesOf } from "../../../../support/raw_upstream.ts";
import "../../../../support/runs.ts";
import { ScriptedConnection } from "../../../../support/scripted_connection.ts";

/** The whole body, and what is left in the channel. */
async function readAll(channel: Channel, framing: Framing): Promise<{ body: Uint8Array; ended: boolean }> {
  const parts: Uint8Array[] = [];
  for (;;) {
    const piece = framing.take(channel);
    if (piece !== undefined) parts.push(piece);
    if (framing.done) return { body: concat(...parts), ended: false };
    if (!await channel.more()) return { body: concat(...parts), ended: true };
  }
}

/** `bytes` cut at the places that `cuts` says. */
function split(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((from, i) => bytes.subarray(from, places[i] ?? bytes.length));
}

const cuts = fc.array(fc.nat(), { maxLength: 40 });

Deno.test("chunks in any sizes, with any extensions, cut anywhere, give their bytes and leave what follows", async () => {
  const chunk = fc.record({
    data: fc.uint8Array({ minLength: 1, maxLength: 400 }),
    extension: fc.constantFrom("", ";a", ";a=b", ' ; a="b;c"', ";\t\xff"),
    upper: fc.boolean(),
  });
  await fc.assert(fc.asyncProperty(
    fc.array(chunk, { maxLength: 12 }),
    fc.constantFrom("", "X-Checksum: 1\r\n", "A:\r\nB: \xff\r\n"),
    cuts,
    async (chunks, trailers, where) => {
      const size = (n: number, upper: boolean): string => upper ? n.toString(16).toUpperCase() : n.toString(16);
      const encoded = concat(
        ...chunks.flatMap(({ data, extension, upper }) => [
          bytesOf(`${size(data.length, upper)}${extension}\r\n`),
          data,
          bytesOf("\r\n"),
        ]),
        bytesOf(`0\r\n${trailers}\r\nnext`),
      );
      const channel = new Channel(new ScriptedConnection(split(encoded, where)), "192.0.2.1");
      const { body, ended } = await readAll(channel, framingOf("chunked"));
      assert.deepEqual(hex(body), hex(concat(...chunks.map(({ data }) => data))));
      assert.equal(ended, false);
      while (channel.here < 4) await channel.more();
      assert.deepEqual(hex(channel.take(4)), hex(bytesOf("next")));
    },
  ));
});

/** Comparable without its kind of array. */
function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

Deno.test("a length takes exactly its bytes, however they come; nothing else does until the connection's end", async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), cuts, async (data, where) => {
    const encoded = concat(data, bytesOf("next"));
    const measured = new Channel(new ScriptedConnection(split(encoded, where)), "192.0.2.1");
    assert.deepEqual(await readAll(measured, framingOf(data.length)), { body: concat(data), ended: false });
    const open = new Channel(new ScriptedConnection(split(encoded, where)), "192.0.2.1");
    assert.deepEqual(await readAll(open, framingOf("until-close")), { body: encoded, ended: true });
    const none = new Channel(new ScriptedConnection(split(encoded, where)), "192.0.2.1");
    assert.equal((await readAll(none, framingOf("none"))).body.length, 0);
  }));
});

Deno.test("P35 chunks that could be read in two ways, or without an end, are refused", async () => {
  const refused = [
    "x\r\n",
    "\r\n",
    "-1\r\n",
    "+1\r\n",
    "0x1\r\na\r\n",
    "1 \r\na\r\n0\r\n\r\n",
    " 1\r\na\r\n0\r\n\r\n",
    "1\na\r\n0\r\n\r\n",
    "1\r\na\n0\r\n\r\n",
    "1\r\nab\r\n0\r\n\r\n",
    "2\r\na\r\n0\r\n\r\n",
    "1;\x00\r\na\r\n0\r\n\r\n",
    "1;a\rb\r\na\r\n0\r\n\r\n",
    "1_0\r\n",
    "10000000000000\r\na",
    "fffffffffffffffff\r\na",
    `1;${"a".repeat(5000)}\r\na\r\n0\r\n\r\n`,
    "0\r\nno colon\r\n\r\n",
    "0\r\nA : b\r\n\r\n",
    "0\r\n folded: b\r\n\r\n",
    "0\r\nA: b\nC: d\r\n\r\n",
    `0\r\n${"A: b\r\n".repeat(6000)}\r\n`,
  ];
  for (const text of refused) {
    for (const pieces of [[bytesOf(text)], split(bytesOf(text), [1, 2, 3, 4, 5, 6, 7])]) {
      const channel = new Channel(new ScriptedConnection([...pieces, bytesOf("0\r\n\r\n0\r\n\r\n")]), "192.0.2.1");
      await assert.rejects(readAll(channel, framingOf("chunked")), BadAnswer, JSON.stringify(text.slice(0, 40)));
    }
  }
});

Deno.test("what is read ahead of a reader that does not come is bounded", async () => {
  const connection = new ScriptedConnection([new Uint8Array(10 * 1024 * 1024)]);
  const channel = new Channel(connection, "192.0.2.1");
  channel.flowing = true;
  while (channel.here < MAX_BUFFER_BYTES) await channel.more();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(connection.given, MAX_BUFFER_BYTES);
  channel.close();
});

Deno.test("P33 what is read ahead of slow readers is bounded for all together: where memory is spare more, and given back", async () => {
  const extra = MAX_SPARE_BUFFER_BYTES - MAX_BUFFER_BYTES, spare = new SpareMemory(2 * extra);
  const open = async (): Promise<{ readonly channel: Channel; readonly ahead: number }> => {
    const connection = new ScriptedConnection([new Uint8Array(1024 * 1024)]);
    const channel = new Channel(connection, "192.0.2.1", spare);
    channel.flowing = true;
    for (let before = -1; connection.given > before;) {
      before = connection.given;
      await new Promise((resolve) => setTimeout(resolve));
    }
    return { channel, ahead: connection.given };
  };
  const open3 = [await open(), await open(), await open()];
  assert.deepEqual(open3.map(({ ahead }) => ahead), [MAX_SPARE_BUFFER_BYTES, MAX_SPARE_BUFFER_BYTES, MAX_BUFFER_BYTES]);
  for (const { channel } of open3) channel.close();
  assert.ok(spare.take(2 * extra), "all of it was given back");
});

Deno.test("P35 a head is no longer than it may be where a body's buffer was larger", async () => {
  const large = new Uint8Array(MAX_SPARE_BUFFER_BYTES), { length } = large;
  for (const end of ["", "\r\n\r\n"]) {
    const head = bytesOf(`HTTP/1.1 200 OK\r\nA: ${"a".repeat(MAX_BUFFER_BYTES)}${end}`);
    const channel = new Channel(new ScriptedConnection([large, head]), "192.0.2.1", new SpareMemory());
    channel.flowing = true;
    while (channel.here < length) await channel.more();
    channel.flowing = false;
    channel.skip(length);
    await assert.rejects(async () => {
      while (channel.head() === undefined) assert.ok(await channel.more());
    }, BadAnswer);
    channel.close();
  }
});

Deno.test("P35 a head is taken up to its empty line, however it comes, and refused when a line ends in anything but CR LF", async () => {
  const head = "HTTP/1.1 200 OK\r\nA: b\r\nC: \xe9\xff";
  await fc.assert(fc.asyncProperty(cuts, async (where) => {
    const channel = new Channel(new ScriptedConnection(split(bytesOf(`${head}\r\n\r\n\r\nrest`), where)), "192.0.2.1");
    let found: string | undefined;
    while ((found = channel.head()) === undefined) assert.ok(await channel.more());
    assert.equal(found, head);
    while (channel.here < 6) assert.ok(await channel.more());
    assert.equal(new TextDecoder().decode(channel.take(6)), "\r\nrest");
  }));
  const first = "HTTP/1.1 200 OK";
  for (
    const text of [
      `${first}\n\n`,
      `${first}\n`,
      `\n${first}\r\n`,
      `\r\n${first}\r\n`,
      `${first}\r\nB\n`,
      "HTTP/2",
      "\0",
    ]
  ) {
    const channel = new Channel(new ScriptedConnection([bytesOf(text)]), "192.0.2.1");
    await channel.more();
    assert.throws(() => channel.head(), BadAnswer, JSON.stringify(text));
  }
  const endless = new Channel(
    new ScriptedConnection([bytesOf(`HTTP/1.1 200 ${"A".repeat(MAX_BUFFER_BYTES)}`)]),
    "192.0.2.1",
  );
  await assert.rejects(async () => {
    while (endless.head() === undefined) assert.ok(await endless.more());
  }, BadAnswer);
});
