/** Callers that never finish what they say, against the running program (proxy.md, "slow loris"). */
import assert from "node:assert/strict";
import { KEY, withDoor } from "../../support/listener.ts";
import { nobodyListens } from "../../support/nobody_listens.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { RunningProxy } from "../../support/running_proxy.ts";

const MIB = 1024 * 1024;
/** Connections of each slow kind. */
const SLOW = 50;
/** Kinds that are calls already, as their heads are whole. */
const CALLS = 3;
/** Pieces that each sends: the first ones warm up, and during the others memory may grow by that, since a collector is late. */
const WARM_UP = 10, ROUNDS = 50, GROWTH = 80 * MIB;

/** What slow callers begin with, and what they go on with, one piece a round. */
function slowKinds(port: number, origin: string): Readonly<Record<string, readonly [begin: string, piece: string]>> {
  const target = `x-as-target-url: ${origin}/slow`, key = "x-as-inject-bearer: KEY";
  return {
    "a request line without an end": ["GET /pro", "x"],
    "a head without an end": [
      `GET /proxy HTTP/1.1\r\nhost: localhost:${port}\r\n${target}\r\n${key}\r\n`,
      "x-a: 1\r\n",
    ],
    "one header without an end": [`GET /proxy HTTP/1.1\r\nhost: localhost:${port}\r\nx-a: `, "aaaa"],
    "a body that is streamed": [proxyHead(port, [target, key, "content-length: 100000"], "POST"), "b"],
    "a body that is collected": [
      proxyHead(port, [target, "x-as-inject-body-k: KEY", "content-length: 100000"], "POST"),
      " ",
    ],
    "a chunk without an end": [proxyHead(port, [target, key, "transfer-encoding: chunked"], "POST") + "fff\r\n", "c"],
  };
}

Deno.test({
  name:
    "P36 callers that trickle heads and bodies cost little, others are served meanwhile, and the program's end is bounded",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using upstream = new RawUpstream(async (exchange) => {
      if (exchange.path !== "/slow") return await exchange.write(rawAnswer([], "served"));
      await exchange.gone();
    });
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      const { port } = proxy;
      const served = async (): Promise<void> => {
        const headers = [`x-as-target-url: ${upstream.origin}/quick`, "x-as-inject-bearer: KEY", "connection: close"];
        assert.match(await exchange(port, proxyHead(port, headers)), /^HTTP\/1\.1 200 [^]*served/);
      };
      for (let i = 0; i < 20; i++) await served();
      using slow = new DisposableStack();
      const clients: (readonly [RawClient, string])[] = [];
      for (const [begin, piece] of Object.values(slowKinds(port, upstream.origin))) {
        for (let i = 0; i < SLOW; i++) {
          const client = slow.use(await RawClient.open(port));
          await client.write(begin);
          clients.push([client, piece]);
        }
        await served();
      }
      let before = 0;
      for (let round = 0; round < ROUNDS; round++) {
        if (round === WARM_UP) before = await proxy.peak();
        for (const [client, piece] of clients) await client.write(piece);
        await served();
      }
      const grown = await proxy.peak() - before;
      assert.ok(grown < GROWTH, `grew by ${grown / MIB} MiB`);
      // No slow call has ended; in the end each is on record, and heads that never ended were no calls.
      assert.equal((await proxy.records()).every(({ target_url }) => target_url.endsWith("/quick")), true);
      const started = performance.now();
      proxy.signal("SIGTERM");
      const { code, output } = await proxy.end();
      assert.equal(code, 0, output);
      // 10 s for calls to end, 2 s to put the cut ones on record; the rest is the machine's.
      assert.ok(performance.now() - started < 60_000);
      const left = (await proxy.records()).filter(({ target_url }) => target_url.endsWith("/slow"));
      assert.equal(left.length, CALLS * SLOW);
      assert.ok(
        left.every(({ status_code, error }) => status_code === 0 && error !== undefined),
        JSON.stringify(left[0]),
      );
      assert.equal(output.includes(KEY), false);
    });
  },
});

Deno.test("P36 heads that never end hold up neither a call nor the door's own end", async () => {
  await withDoor(async ({ listener, upstream, engine }) => {
    using held = new DisposableStack();
    const { port } = listener;
    for (let i = 0; i < 20; i++) {
      const client = held.use(await RawClient.open(port));
      await client.write(
        `GET /proxy HTTP/1.1\r\nhost: localhost:${port}\r\nx-as-target-url: ${upstream.origin}/\r\nx-a`,
      );
    }
    // Heads count as no calls: with room for one, one is served.
    const headers = [`x-as-target-url: ${upstream.origin}/`, "connection: close"];
    assert.match(await exchange(port, proxyHead(port, headers)), /^HTTP\/1\.1 200 /);
    await listener.shutdown(1);
    assert.equal((await engine.records()).length, 1);
    await nobodyListens({ hostname: "127.0.0.1", port });
  }, { maxCalls: 1 });
});
