/** A log that somebody deletes, replaces or fills up under the running program (proxy.md, "audit deleted or full disk"). */
import assert from "node:assert/strict";
import { KEY } from "../../support/listener.ts";
import { exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { RunningProxy } from "../../support/running_proxy.ts";
import { onSmallDisk } from "../../support/small_disk.ts";

/** An upstream that answers at once, or in two halves of which the second waits. */
function upstreams(second: Promise<void>): RawUpstream {
  return new RawUpstream(async (exchange) => {
    if (exchange.path !== "/halves") return await exchange.write(rawAnswer([], "answered"));
    await exchange.write("HTTP/1.1 200 OK\r\ncontent-length: 12\r\n\r\nfirst ");
    await second;
    await exchange.write("second");
  });
}

function request({ port }: RunningProxy, upstream: RawUpstream, path = "/x"): string {
  const headers = [`x-as-target-url: ${upstream.origin}${path}`, "x-as-inject-bearer: KEY", "connection: close"];
  return proxyHead(port, headers);
}

/** What may be done to the log; every way must stop calls until it is undone. */
const LOSSES: Readonly<Record<string, (path: string) => Promise<void>>> = {
  "deleted": (path) => Deno.remove(path),
  "a folder": async (path) => {
    await Deno.rename(path, `${path}.kept`);
    await Deno.mkdir(path);
  },
  "a link to nowhere": async (path) => {
    await Deno.rename(path, `${path}.kept`);
    await Deno.symlink("/dev/full", path);
  },
  "cut off": async (path) => await Deno.truncate(path, 100),
};

for (const [what, lose] of Object.entries(LOSSES)) {
  Deno.test(`P13 with a log that is ${what}, the running program makes no call and says why`, async () => {
    await using upstream = upstreams(Promise.resolve());
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      for (let i = 0; i < 3; i++) assert.match(await exchange(proxy.port, request(proxy, upstream)), / 200 /);
      await lose(`${proxy.home}/proxy.log`);
      const reached = upstream.heads.length;
      for (let i = 0; i < 3; i++) {
        const answer = await exchange(proxy.port, request(proxy, upstream));
        assert.match(answer, /^HTTP\/1\.1 503 [^]*"error":"audit_unwritable"/, answer);
        assert.equal(answer.includes(KEY) || answer.includes("answered"), false);
      }
      assert.equal(upstream.heads.length, reached, "the upstream heard nothing");
      assert.match(await exchange(proxy.port, proxyHead(proxy.port, ["connection: close"], "GET", "/health")), / 200 /);
    });
  });
}

Deno.test("P13 an answer whose log disappears while it runs never ends, so nobody takes it for whole", async () => {
  const second = Promise.withResolvers<void>();
  await using upstream = upstreams(second.promise);
  await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
    assert.match(await exchange(proxy.port, request(proxy, upstream)), / 200 /);
    using client = await RawClient.open(proxy.port);
    await client.write(request(proxy, upstream, "/halves"));
    await client.until("first ");
    await LOSSES["a folder"]!(`${proxy.home}/proxy.log`);
    second.resolve();
    assert.equal((await client.rest()).endsWith("0\r\n\r\n"), false);
  });
});

Deno.test(
  "P13 on a full disk the running program makes no call, and goes on when there is room",
  onSmallDisk(8192, async (disk) => {
    await using upstream = upstreams(Promise.resolve());
    await RunningProxy.run({ origins: [upstream.origin], value: KEY, disk: disk.path }, async (proxy) => {
      assert.match(await exchange(proxy.port, request(proxy, upstream)), / 200 /);
      await disk.fill("filler");
      let answer = "";
      // What was reserved beforehand may still be written.
      for (let i = 0; i < 5000 && !answer.includes(" 503 "); i++) {
        answer = await exchange(proxy.port, request(proxy, upstream));
      }
      assert.match(answer, /^HTTP\/1\.1 503 [^]*"error":"audit_unwritable"/);
      const reached = upstream.heads.length;
      assert.match(await exchange(proxy.port, request(proxy, upstream)), /"error":"audit_unwritable"/);
      assert.equal(upstream.heads.length, reached);
      await Deno.remove(disk.at("filler"));
      assert.match(await exchange(proxy.port, request(proxy, upstream)), / 200 /);
      assert.equal((await proxy.records()).length, upstream.heads.length);
      await proxy.sandbox.ok(["proxy", "logs", "--verify"], { env: { AGENTSECRETS_HOME: proxy.home } });
    });
  }),
);
