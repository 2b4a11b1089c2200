/** Heads and bodies beyond every bound, spoken by hand (proxy.md, "huge header, huge body"). */
import assert from "node:assert/strict";
import { withDoor } from "../../support/listener.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { KEY } from "../../support/listener.ts";
import { RunningProxy } from "../../support/running_proxy.ts";

const MIB = 1024 * 1024;
/** Twice what it is, and a fifth of what is sent. */
const GROWTH = 112 * MIB;

Deno.test("P36 a head that is too large in any direction is 431 or 400, and there is no call and no record", async () => {
  await withDoor(async ({ listener: { port }, upstream, engine }) => {
    const target = `x-as-target-url: ${upstream.origin}/`, key = "x-as-inject-bearer: STRIPE_KEY";
    const close = "connection: close";
    const heads: Readonly<Record<string, string>> = {
      "one header of 1 MiB": proxyHead(port, [target, key, close, `x-a: ${"a".repeat(MIB)}`]),
      "one header of 100 KiB": proxyHead(port, [target, key, close, `x-a: ${"a".repeat(100 * 1024)}`]),
      "a name of 300 bytes": proxyHead(port, [target, key, close, `${"x".repeat(300)}: 1`]),
      "a name of 100 KiB": proxyHead(port, [target, key, close, `${"x".repeat(100 * 1024)}: 1`]),
      "300 headers": proxyHead(port, [target, key, close, ...Array.from({ length: 300 }, (_, i) => `x-${i}: 1`)]),
      "20,000 headers": proxyHead(port, [target, key, close, ...Array.from({ length: 20_000 }, (_, i) => `x-${i}: 1`)]),
      "300 lines of one header": proxyHead(port, [target, key, close, ...Array(300).fill(`x-a: ${"b".repeat(300)}`)]),
      "80 headers of 900 bytes": proxyHead(port, [
        target,
        key,
        close,
        ...Array.from({ length: 80 }, (_, i) => `x-${i}: ${"a".repeat(900)}`),
      ]),
      "a target of 33 KiB": proxyHead(port, [`${target}${"a".repeat(33 * 1024)}`, key, close]),
      "a path of 1 MiB": proxyHead(port, [target, key, close], "GET", `/proxy/${"a".repeat(MIB)}`),
      "a path of 33 KiB": proxyHead(
        port,
        [`x-as-target-origin: ${upstream.origin}`, key, close],
        "GET",
        `/proxy/${"a".repeat(33 * 1024)}`,
      ),
      "a method of 1 MiB": proxyHead(port, [target, key, close], "A".repeat(MIB)),
      "33 injections": proxyHead(port, [
        target,
        close,
        ...Array.from({ length: 33 }, (_, i) => `x-as-inject-query-q${i}: STRIPE_KEY`),
      ]),
    };
    for (const [what, head] of Object.entries(heads)) {
      const answer = await exchange(port, head);
      // A door that closes while we still write may take its own answer along.
      if (answer !== "" || head.length < 300 * 1024) assert.match(answer, /^HTTP\/1\.1 4(00|14|31) /, what);
    }
    // What the server in front lets through, or another door hands on, the engine refuses itself.
    const lines = (count: number, size: number): [string, string][] =>
      Array.from({ length: count }, (_, i) => [`x-${i}`, "a".repeat(size)]);
    for (const headers of [lines(201, 1), lines(1, 64 * 1024), lines(80, 900)]) {
      const call = engine.call({ target: `${upstream.origin}/`, headers, inject: [["bearer", "STRIPE_KEY"]] });
      await assert.rejects(call, { code: "bad_request" });
    }
    assert.deepEqual([upstream.requests.length, (await engine.records()).length], [0, 0]);
    assert.match(await exchange(port, proxyHead(port, [target, key, close])), /^HTTP\/1\.1 200 /);
  });
});

Deno.test({
  name: "P36 a head and a body that never end are cut off, and the running program does not grow",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "served")));
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      const { port } = proxy;
      const target = `x-as-target-url: ${upstream.origin}/`;
      const served = async (): Promise<void> => {
        const answer = await exchange(port, proxyHead(port, [target, "x-as-inject-bearer: KEY", "connection: close"]));
        assert.match(answer, /^HTTP\/1\.1 200 /);
      };
      for (let i = 0; i < 20; i++) await served();
      const before = await proxy.peak(), reached = upstream.heads.length;
      const block = "a".repeat(64 * 1024);
      /** Sends until the door answers or closes; how much that was, and what it said. */
      const flood = async (begin: string, piece: string): Promise<readonly [sent: number, answer: string]> => {
        using client = await RawClient.open(port);
        let ended = false;
        const answer = client.until("}").catch(() => "").finally(() => ended = true);
        await client.write(begin);
        let sent = 0;
        for (; !ended && sent < 512 * MIB; sent += piece.length) await client.write(piece).catch(() => ended = true);
        client.close();
        return [sent, await answer];
      };
      const floods: Readonly<Record<string, readonly [begin: string, piece: string, status: RegExp]>> = {
        "one endless header": [
          `GET /proxy HTTP/1.1\r\nhost: localhost:${port}\r\nx-a: `,
          block,
          /^(HTTP\/1\.1 431 |$)/,
        ],
        "endless headers": [
          `GET /proxy HTTP/1.1\r\nhost: localhost:${port}\r\n`,
          `x-a: ${block.slice(0, 1000)}\r\n`.repeat(64),
          /^(HTTP\/1\.1 431 |$)/,
        ],
        "an endless request line": ["GET /", block, /^(HTTP\/1\.1 4(14|31|00) |$)/],
        "an endless body with an injection": [
          proxyHead(port, [target, "x-as-inject-body-k: KEY", "transfer-encoding: chunked"], "POST"),
          `10000\r\n${block}\r\n`,
          /^(HTTP\/1\.1 413 [^]*"error":"body_too_large"|$)/,
        ],
        "an endless form with an injection": [
          proxyHead(port, [target, "x-as-inject-form-k: KEY", `content-length: ${1024 * MIB}`], "POST"),
          block,
          /^(HTTP\/1\.1 413 [^]*"error":"body_too_large"|$)/,
        ],
      };
      for (const [what, [begin, piece, status]] of Object.entries(floods)) {
        const [sent, answer] = await flood(begin, piece);
        assert.ok(sent < 400 * MIB, `${what}: it took ${sent / MIB} MiB`);
        assert.match(answer, status, what);
        await served();
      }
      const grown = await proxy.peak() - before;
      assert.ok(grown < GROWTH, `grew by ${grown / MIB} MiB`);
      assert.equal(upstream.heads.length - reached, Object.keys(floods).length, "the floods themselves reached nobody");
    });
  },
});

Deno.test("P36 a body with an injection is taken up to 8 MiB and refused one byte later, with nothing sent", async () => {
  await using upstream = new RawUpstream(async (exchange) => {
    await exchange.write(rawAnswer([], `${exchange.header("content-length")}`));
  });
  await withDoor(async ({ listener: { port } }) => {
    const post = (length: number, framing: "length" | "chunks"): Promise<string> => {
      const filler = `{"a":"${"x".repeat(length - 8)}"}`;
      assert.equal(filler.length, length);
      const headers = [`x-as-target-url: ${upstream.origin}/`, "x-as-inject-body-k: STRIPE_KEY", "connection: close"];
      if (framing === "length") {
        return exchange(port, proxyHead(port, [...headers, `content-length: ${length}`], "POST") + filler);
      }
      const body = `${length.toString(16)}\r\n${filler}\r\n0\r\n\r\n`;
      return exchange(port, proxyHead(port, [...headers, "transfer-encoding: chunked"], "POST") + body);
    };
    for (const framing of ["length", "chunks"] as const) {
      const before = upstream.heads.length;
      assert.match(await post(8 * MIB, framing), /^HTTP\/1\.1 200 /, framing);
      assert.equal(upstream.heads.length, before + 1);
      assert.match(await post(8 * MIB + 1, framing), /^HTTP\/1\.1 413 [^]*"error":"body_too_large"/, framing);
      assert.equal(upstream.heads.length, before + 1);
    }
  }, { allow: [upstream.origin] });
});

Deno.test("P36 P38 the more injections go through a body, the smaller it must be: each is work in which nobody else has a turn", async () => {
  await using upstream = new RawUpstream((exchange) => exchange.write(rawAnswer([], "taken")));
  await withDoor(async ({ listener: { port } }) => {
    const post = (length: number, count: number): Promise<string> => {
      const places = Array.from({ length: count }, (_, i) => `x-as-inject-body-k${i}: STRIPE_KEY`);
      const headers = [
        `x-as-target-url: ${upstream.origin}/`,
        ...places,
        "connection: close",
        `content-length: ${length}`,
      ];
      return exchange(port, `${proxyHead(port, headers, "POST")}{"a":"${"x".repeat(length - 8)}"}`);
    };
    for (const [length, count] of [[8 * MIB, 4], [MIB, 32]] as const) {
      assert.match(await post(length, count), /^HTTP\/1\.1 200 /);
      const before = upstream.heads.length;
      assert.match(
        await post(length + 1, count + (count < 32 ? 1 : 0)),
        /^HTTP\/1\.1 413 [^]*"error":"body_too_large"/,
      );
      assert.equal(upstream.heads.length, before);
    }
  }, { allow: [upstream.origin] });
});
