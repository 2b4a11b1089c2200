/** The reader of HTTP/1.1 answers: however bytes are cut on their way, they mean the same, and whatever they are, it ends. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { BadAnswer } from "../../../../src/adapters/upstream/http1/bad_answer.ts";
import { Channel } from "../../../../src/adapters/upstream/http1/channel.ts";
import { framingOf } from "../../../../src/adapters/upstream/http1/framing.ts";
import { parseResponseHead } from "../../../../src/adapters/upstream/http1/response_head.ts";
import { concat } from "../../../../src/kernel/bytes.ts";
import { almost, byte } from "../../../support/edits.ts";
import { bytesOf, latin1 } from "../../../support/raw_upstream.ts";
import { runs } from "../../../support/runs.ts";
import { ScriptedConnection } from "../../../support/scripted_connection.ts";

/** What was read: head and body as JSON, with how it ended. */
async function readAnswer(pieces: readonly Uint8Array[]): Promise<{ readonly how: string; readonly body: string }> {
  const channel = new Channel(new ScriptedConnection(pieces), "192.0.2.1");
  const parts: Uint8Array[] = [];
  let said = "";
  try {
    let text = channel.head();
    while (text === undefined) {
      if (!await channel.more()) return { how: "ended in its head", body: "" };
      text = channel.head();
    }
    const head = parseResponseHead(text, "GET");
    for (const [name, value] of head.headers) assert.match(`${name}:${value}`, /^[!-9;-~]+:[\t\x20-\x7e\x80-\xff]*$/);
    said = JSON.stringify(head);
    const framing = framingOf(head.framing);
    for (;;) {
      const piece = framing.take(channel);
      if (piece !== undefined) parts.push(piece);
      if (framing.done) return { how: `whole ${said}`, body: latin1(concat(...parts)) };
      if (await channel.more()) continue;
      return { how: `${framing.endsWithConnection ? "closed" : "broken off"} ${said}`, body: latin1(concat(...parts)) };
    }
  } catch (error) {
    assert.ok(error instanceof BadAnswer, String(error));
    // How much of a body came before its fault is a matter of pieces; that it has one is not.
    return { how: `refused ${said}`, body: "" };
  } finally {
    channel.close();
  }
}

const TROUBLE = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  " ",
  ":",
  "\r\n\r\n",
  "content-length: 3\r\n",
  "Content-Length: 3, 3\r\n",
  "transfer-encoding: chunked\r\n",
  "transfer-encoding: gzip, chunked\r\n",
  "connection: close\r\n",
  "HTTP/1.0 200 OK\r\n",
  "HTTP/1.1 100 Continue\r\n\r\n",
  "HTTP/1.1 204 No Content\r\n\r\n",
  "0\r\n\r\n",
  "3\r\nabc\r\n",
  "ffffffffffffff\r\n",
  "-1\r\n",
  '3;x="\r\n\r\n"\r\n',
];
const whole = fc.constantFrom(
  "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
  "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2;x=1\r\nde\r\n0\r\nx-t: 1\r\n\r\n",
  "HTTP/1.1 404 Not Found\r\nset-cookie: a\r\nset-cookie: b\r\n\r\nuntil the end",
  "HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
);
const answer = almost(whole, { trouble: TROUBLE, unit: byte, most: 3 });
const cuts = fc.array(fc.nat(), { maxLength: 20 });

Deno.test("P35 any answer, cut anywhere, is read as the same one or refused as the same one", async () => {
  await fc.assert(
    fc.asyncProperty(answer, cuts, async (text, places) => {
      const bytes = bytesOf(text);
      const at = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
      const pieces = [0, ...at].map((from, i) => bytes.subarray(from, at[i] ?? bytes.length));
      const together = await readAnswer([bytes]);
      assert.deepEqual(await readAnswer(pieces), together, JSON.stringify(text));
      assert.deepEqual(await readAnswer(Array.from(bytes, (_, i) => bytes.subarray(i, i + 1))), together);
      assert.ok(together.body.length <= text.length);
    }),
    runs(400),
  );
});

Deno.test("P35 bytes that are no answer are never taken for one", async () => {
  const noise = fc.string({ unit: byte, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(noise, async (text) => {
      const { how } = await readAnswer([bytesOf(text)]);
      if (!/^HTTP\/1\.[01] [1-5]\d\d/.test(text)) {
        assert.match(how, /^(refused $|ended in its head$)/, JSON.stringify(text));
      }
    }),
    runs(200),
  );
});
