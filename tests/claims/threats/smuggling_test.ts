/** Requests that two programs could read differently, and bytes that would leave their place (proxy.md, "header smuggling and CRLF"). */
import assert from "node:assert/strict";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { KEY, type TestDoor, withDoor } from "../../support/listener.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";

/** An upstream that answers every head that arrives, on however many connections. */
async function withUpstream(work: (door: TestDoor, upstream: RawUpstream) => Promise<void>): Promise<void> {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "answered")));
  await withDoor((door) => work(door, upstream), { allow: [upstream.origin] });
}

Deno.test("P11 line ends, NUL and colons in names, params and paths of an injection write no line at the upstream", async () => {
  await withUpstream(async ({ listener: { port } }, upstream) => {
    const target = `x-as-target-url: ${upstream.origin}/v1`;
    const refused: readonly (readonly string[])[] = [
      [target, "x-as-inject-query-a%00b: STRIPE_KEY"],
      [target, "x-as-inject-query-a%0d%0aX-Evil%3a%201: STRIPE_KEY"],
      [target, "x-as-inject-body-a%zz: STRIPE_KEY"],
      [target, "x-as-inject-header-host: STRIPE_KEY"],
      [target, "x-as-inject-header-content-length: STRIPE_KEY"],
      [target, "x-as-inject-header-transfer-encoding: STRIPE_KEY"],
      [target, "x-as-inject-header-x-as-session: STRIPE_KEY"],
      [target, "x-as-inject-bearer: STRIPE_KEY", "x-as-inject-header-authorization: STRIPE_KEY"],
      [target, "x-as-inject-bearer: STRIPE_KEY, PAIR"],
      [target, "x-as-inject-bearer: STRIPE_KEY", "x-as-inject-bearer: PAIR"],
      [target, "x-as-method: GET / HTTP/1.1%0d%0aX-Evil: 1"],
      [target, "x-as-method: GET /evil"],
      [target, target],
      [`${target}, ${upstream.origin}/v2`],
      [`${target}\\..\\..\\evil HTTP/1.1`],
      [`${target} HTTP/1.1`],
      [`${target}\tx`],
    ];
    for (const headers of refused) {
      const answer = await exchange(port, proxyHead(port, [...headers, "connection: close"]));
      assert.match(answer, /^HTTP\/1\.1 400 [^]*"error":"/, headers.join(" | "));
    }
    assert.equal(upstream.heads.length, 0);
    // What may be said percent-encoded stays percent-encoded, in its place.
    const odd = `x-as-target-url: ${upstream.origin}/a%0d%0aX-Evil:%201?b=%0d%0aX-Evil:1#%0d%0a`;
    const answer = await exchange(port, proxyHead(port, [odd, "x-as-inject-query-k: STRIPE_KEY", "connection: close"]));
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.equal(upstream.heads.length, 1);
    const [line, ...lines] = upstream.heads[0]!.split("\r\n");
    assert.equal(line, `GET /a%0d%0aX-Evil:%201?b=%0d%0aX-Evil:1&k=${KEY} HTTP/1.1`);
    assert.equal(lines.some((text) => /evil|x-as-/i.test(text)), false, lines.join("\n"));
  });
});

Deno.test("P11 a request that frames itself in two ways, folds a line or ends one wrongly reaches nobody, and nothing follows it", async () => {
  await withUpstream(async ({ listener: { port } }, upstream) => {
    const inner = proxyHead(port, [`x-as-target-url: ${upstream.origin}/smuggled`]);
    const target = `x-as-target-url: ${upstream.origin}/outer`;
    const length = `content-length: ${inner.length}`;
    const attempts: readonly (readonly [what: string, text: string])[] = [
      ["chunks and a length", proxyHead(port, [target, "transfer-encoding: chunked", length], "POST") + `0\r\n\r\n`],
      ["two lengths", proxyHead(port, [target, "content-length: 0", length], "POST") + inner],
      ["a length that is none", proxyHead(port, [target, "content-length: +1"], "POST") + "x" + inner],
      ["a coding of chunks", proxyHead(port, [target, "transfer-encoding: gzip, chunked, x"], "POST") + `0\r\n\r\n`],
      ["a chunk that is none", proxyHead(port, [target, "transfer-encoding: chunked"], "POST") + `zz\r\n${inner}`],
      ["a space before the colon", proxyHead(port, [target, "content-length : 5"], "POST") + inner],
      ["NUL in a value", proxyHead(port, [target, "x-own: a\0b"])],
      ["a carriage return in a value", proxyHead(port, [target, "x-own: a\rx-evil: 1"])],
      ["NUL in a name", proxyHead(port, [target, "x-\0own: a"])],
      ["a target that is no path", `GET http://evil.example/proxy HTTP/1.1\r\nhost: localhost:${port}\r\n\r\n`],
    ];
    for (const [what, text] of attempts) {
      const before = upstream.heads.length;
      using client = await RawClient.open(port);
      await client.write(text);
      await client.write(proxyHead(port, ["connection: close"], "GET", "/health")).catch(() => {});
      const answers = await client.rest();
      const reached = upstream.heads.slice(before);
      assert.equal(reached.some((head) => /smuggled|evil/i.test(head)), false, `${what}: ${reached.join("\n")}`);
      // Refused by whoever reads it first, or read in the one way that both ends agree on.
      if (reached.length > 0) assert.equal(reached.length, 1, what);
      else assert.match(answers, /^HTTP\/1\.1 4\d\d |^$/, what);
    }
  });
});

Deno.test("P11 a header of the caller's that names hops or lengths is not passed on, and a body arrives in the frame of its own", async () => {
  await using upstream = new RawUpstream(async (exchange) => {
    await exchange.write(rawAnswer([], exchange.head));
  });
  await withDoor(async ({ listener: { port } }) => {
    const body = "GET /smuggled HTTP/1.1\r\nhost: evil.example\r\n\r\n";
    const headers = [
      `x-as-target-url: ${upstream.origin}/outer`,
      "x-as-inject-bearer: STRIPE_KEY",
      "connection: x-hop, close",
      "x-hop: 1",
      "te: trailers",
      "trailer: x-evil",
      "proxy-authorization: Basic x",
      "keep-alive: timeout=9",
      `content-length: ${body.length}`,
    ];
    const answer = await exchange(port, proxyHead(port, headers, "POST") + body);
    assert.match(answer, /^HTTP\/1\.1 200 /);
    assert.equal(upstream.heads.length, 1, upstream.heads.join("\n"));
    const names = upstream.heads[0]!.split("\r\n").slice(1).map((line) => line.split(":")[0]!.toLowerCase());
    for (const gone of ["x-hop", "te", "trailer", "proxy-authorization", "keep-alive", "x-as-target-url"]) {
      assert.equal(names.includes(gone), false, gone);
    }
    assert.equal(names.filter((name) => name === "content-length" || name === "transfer-encoding").length, 1);
    assert.equal(answer.includes(KEY), false);
    assert.ok(answer.includes(`Bearer ${REDACTION_MARKER}`));
  }, { allow: [upstream.origin] });
});

Deno.test("P11 an upstream's answer cannot write a second answer, a line or a header of ours to the caller", async () => {
  await using upstream = new RawUpstream(() => Promise.resolve());
  await withDoor(async ({ listener: { port } }) => {
    const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-bearer: STRIPE_KEY"];
    const second = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    const answers: readonly (readonly [what: string, text: string, status: RegExp])[] = [
      [
        "a second answer behind the first",
        `HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok${second}`,
        /^HTTP\/1\.1 200 /,
      ],
      ["a line feed alone", "HTTP/1.1 200 OK\nx-evil: 1\r\ncontent-length: 0\r\n\r\n", /^HTTP\/1\.1 502 /],
      ["a folded line", "HTTP/1.1 200 OK\r\nx-a: 1\r\n x-evil: 1\r\ncontent-length: 0\r\n\r\n", /^HTTP\/1\.1 502 /],
      ["a name with a space", "HTTP/1.1 200 OK\r\nx evil: 1\r\ncontent-length: 0\r\n\r\n", /^HTTP\/1\.1 502 /],
      ["a carriage return", "HTTP/1.1 200 OK\r\nx-a: 1\rx-evil: 1\r\ncontent-length: 0\r\n\r\n", /^HTTP\/1\.1 502 /],
      ["NUL", "HTTP/1.1 200 OK\r\nx-a: 1\0\r\ncontent-length: 0\r\n\r\n", /^HTTP\/1\.1 502 /],
    ];
    for (const [what, text, status] of answers) {
      upstream.script = (exchange) => exchange.write(text);
      // A connection that stays open shows whatever would come behind the answer.
      using client = await RawClient.open(port);
      await client.write(proxyHead(port, headers));
      await client.write(proxyHead(port, ["connection: close"], "GET", "/health"));
      const all = await client.rest();
      assert.match(all, status, what);
      assert.equal(/evil/.test(all), false, what);
      assert.equal(all.match(/HTTP\/1\.1 /g)!.length, 2, what);
    }
  }, { allow: [upstream.origin] });
});
