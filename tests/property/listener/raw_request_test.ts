/** Whatever bytes a caller sends to the real door: it answers or hangs up, lives on, and the upstream hears of whole calls alone. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { almost, byte } from "../../support/edits.ts";
import { KEY, withDoor } from "../../support/listener.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { runs } from "../../support/runs.ts";

const noise = fc.string({ unit: byte, maxLength: 24 });
/** What makes readers of HTTP disagree. */
const TROUBLE = [
  "\r\n",
  "\n",
  "\r",
  "\0",
  ":",
  " ",
  "\t",
  "\r\n\r\n",
  "content-length: 3\r\n",
  "content-length: 99\r\n",
  "transfer-encoding: chunked\r\n",
  "transfer-encoding: identity\r\n",
  "expect: 100-continue\r\n",
  "connection: upgrade\r\nupgrade: h2c\r\n",
  "connection: x-as-target-url\r\n",
  "upgrade: websocket\r\nsec-websocket-key: x\r\n",
  "x-as-inject-query-a%00b: STRIPE_KEY\r\n",
  "x-as-inject-header-host: STRIPE_KEY\r\n",
  "x-as-session: x\r\n",
  "X-AS-: \r\n",
  "HTTP/1.0",
  "HTTP/2.0",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  "GET /health HTTP/1.1\r\n\r\n",
  "0\r\n\r\n",
  "ffffffffffffffff\r\n",
];
const body = fc.constantFrom("", "abc", "3\r\nabc\r\n0\r\n\r\n", "GET /smuggled HTTP/1.1\r\n\r\n");

Deno.test("P11 any bytes to the door are refused or one whole call: nothing of ours, and no line of the caller's making, leaves", async () => {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "answered")));
  await withDoor(async ({ listener: { port }, engine }) => {
    const headers = [`x-as-target-url: ${upstream.origin}/outer?a=b`, "x-as-inject-bearer: STRIPE_KEY", "x-own: 1"];
    const method = fc.constantFrom("GET", "POST", "HEAD", "OPTIONS", "CONNECT", "get");
    const plain = fc.tuple(method, body).map(([verb, text]) => proxyHead(port, headers, verb) + text);
    const request = almost(plain, { trouble: TROUBLE, unit: byte });
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 9, arbitrary: request }, { weight: 1, arbitrary: noise }), async (text) => {
        const before = upstream.heads.length;
        using client = await RawClient.open(port);
        await client.write(text).catch(() => {});
        await client.finish();
        const answer = await client.rest();
        // The door speaks HTTP/2 to whoever begins with it.
        if (!text.startsWith("PRI * HTTP/2.0")) assert.match(answer, /^(HTTP\/1\.[01] [1-5]\d\d |$)/);
        assert.equal(answer.includes(KEY), false);
        const reached = upstream.heads.slice(before);
        assert.ok(reached.length <= text.split("HTTP/1").length - 1, text);
        for (const head of reached) assertWhole(head, upstream.origin);
      }),
      runs(150),
    );
    const alive = await exchange(port, proxyHead(port, [...headers, "connection: close"]));
    assert.match(alive, /^HTTP\/1\.1 200 /);
    const records = await engine.records();
    assert.ok(records.filter(({ statusCode }) => statusCode === 200).length <= upstream.heads.length);
  }, { allow: [upstream.origin] });
});

/** One request line and header lines, to the one target that is allowed. */
function assertWhole(head: string, origin: string): void {
  const [line, ...lines] = head.split("\r\n");
  assert.match(line!, /^[A-Z][A-Z0-9_-]{0,31} \/[!-~]* HTTP\/1\.1$/);
  for (const text of lines) assert.match(text, /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[\t\x20-\x7e\x80-\xff]*$/);
  const names = lines.map((text) => text.slice(0, text.indexOf(":")).toLowerCase());
  assert.equal(names.some((name) => name.startsWith("x-as-")), false, head);
  for (const one of ["host", "authorization"]) {
    assert.ok(names.filter((name) => name === one).length <= 1, head);
  }
  const host = lines.find((text) => /^host:/i.test(text))!;
  assert.equal(host.slice(5).trim(), new URL(origin).host);
}
