/** A thousand callers at once against the running program (proxy.md, "thousand connections"). */
import assert from "node:assert/strict";
import { MAX_CALLS } from "../../../src/listener/gate.ts";
import { KEY, withDoor } from "../../support/listener.ts";
import { bodyOf, exchange, proxyHead, RawClient } from "../../support/raw_client.ts";
import { rawAnswer, RawUpstream } from "../../support/raw_upstream.ts";
import { RunningProxy } from "../../support/running_proxy.ts";

const MIB = 1024 * 1024;
const THOUSAND = 1000;
/** What a thousand calls under way may cost, in bytes. */
const GROWTH = 256 * MIB;
/** Few, so that they run out soon. */
const DESCRIPTORS = 200;

/** Gathers: whoever waits for `count` of them goes on together. */
class Meeting {
  #here = 0;
  #waiting: (() => void)[] = [];
  readonly #go = Promise.withResolvers<void>();

  /** Comes, and stays until {@linkcode Meeting.end}. */
  async come(): Promise<void> {
    this.#here++;
    for (const wake of this.#waiting.splice(0)) wake();
    await this.#go.promise;
  }

  async full(count: number): Promise<void> {
    while (this.#here < count) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  end(): void {
    this.#go.resolve();
  }
}

Deno.test({
  name: "P36 a thousand idle connections and a thousand calls at once are held, others are served, and all end well",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const meeting = new Meeting();
    await using upstream = new RawUpstream(async (exchange) => {
      if (exchange.path === "/wait") await meeting.come();
      await exchange.write(rawAnswer([], `said ${exchange.header("authorization")}`));
    });
    await RunningProxy.run({ origins: [upstream.origin], value: KEY }, async (proxy) => {
      const { port } = proxy;
      const request = (path: string): string =>
        proxyHead(port, [
          `x-as-target-url: ${upstream.origin}${path}`,
          "x-as-inject-bearer: KEY",
          "connection: close",
        ]);
      const served = async (): Promise<void> => {
        assert.match(bodyOf(await exchange(port, request("/x"))), /^said Bearer \[REDACTED/);
      };
      for (let i = 0; i < 20; i++) await served();
      const before = await proxy.memory();
      using idle = new DisposableStack();
      for (let i = 0; i < THOUSAND; i++) idle.use(await RawClient.open(port));
      await served();
      const answers: Promise<string>[] = [];
      for (let i = 0; i < THOUSAND; i++) answers.push(exchange(port, request("/wait")));
      await meeting.full(THOUSAND);
      await served();
      const grown = await proxy.memory() - before;
      assert.ok(grown < GROWTH, `grew by ${grown / MIB} MiB`);
      meeting.end();
      for (const answer of await Promise.all(answers)) assert.match(bodyOf(answer), /^said Bearer \[REDACTED[^]*\]$/);
      idle.dispose();
      await served();
      const records = await proxy.records();
      assert.equal(records.filter(({ target_url }) => target_url.endsWith("/wait")).length, THOUSAND);
      assert.ok(records.every(({ status }) => status === "OK"));
      const verified = await proxy.sandbox.json(["proxy", "logs", "--verify"]);
      assert.equal(verified["records"], records.length);
    });
  },
});

/** More connections than it can take: the rest waits in the system's queue. */
async function takeAll(port: number, taken: DisposableStack): Promise<void> {
  for (let i = 0; i < DESCRIPTORS + 20; i++) taken.use(await RawClient.open(port));
}

Deno.test({
  name:
    "P36 connections that take the last descriptor end neither the program nor a call under way, nor free the address",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const meeting = new Meeting();
    await using upstream = new RawUpstream(async (exchange) => {
      if (exchange.path === "/wait") await meeting.come();
      await exchange.write(rawAnswer([], "said"));
    });
    await RunningProxy.run({ origins: [upstream.origin], value: KEY, descriptors: DESCRIPTORS }, async (proxy) => {
      const { port } = proxy;
      const request = (path: string): string =>
        proxyHead(port, [`x-as-target-url: ${upstream.origin}${path}`, "x-as-inject-bearer: KEY", "connection: close"]);
      const waiting = exchange(port, request("/wait"));
      await meeting.full(1);
      const answered = async (): Promise<boolean> =>
        await exchange(port, request("/x")).then((answer) => /^HTTP\/1\.1 200 [^]*said/.test(answer), () => false);
      for (let round = 0; round < 3; round++) {
        using idle = new DisposableStack();
        await takeAll(port, idle);
        for (let i = 0; i < 2_000; i++) {
          assert.throws(() => Deno.listen({ hostname: "127.0.0.1", port }).close(), Deno.errors.AddrInUse);
        }
        idle.dispose();
        while (!await answered());
      }
      meeting.end();
      assert.match(await waiting, /^HTTP\/1\.1 200 [^]*said/);
      assert.equal((await proxy.records()).filter(({ target_url }) => target_url.endsWith("/wait")).length, 1);
      using idle = new DisposableStack();
      await takeAll(port, idle);
      proxy.signal("SIGTERM");
      const { code, output } = await proxy.end();
      assert.equal(code, 0, output);
    });
  },
});

Deno.test("P36 calls beyond the limit get 503 and reach nobody; when callers leave, all of it is free again", async () => {
  assert.equal(MAX_CALLS, 2048, "what the threat model says");
  const LIMIT = 64;
  const meeting = new Meeting();
  await using upstream = new RawUpstream(async (exchange) => {
    if (exchange.path === "/wait") await meeting.come();
    await exchange.write(rawAnswer([], "said"));
  });
  await withDoor(async ({ listener: { port }, engine }) => {
    const request = (path: string): string =>
      proxyHead(port, [`x-as-target-url: ${upstream.origin}${path}`, "connection: close"]);
    for (let round = 1; round <= 2; round++) {
      const callers = await Promise.all(Array.from({ length: LIMIT }, () => RawClient.open(port)));
      for (const caller of callers) await caller.write(request("/wait"));
      await meeting.full(LIMIT * round);
      for (let i = 0; i < 3; i++) {
        const answer = await exchange(port, request("/x"));
        assert.match(answer, /^HTTP\/1\.1 503 [^]*"error":"too_many_calls"/);
      }
      assert.equal(upstream.heads.length, LIMIT * round, "the refused reached nobody");
      assert.match(await exchange(port, proxyHead(port, ["connection: close"], "GET", "/health")), /^HTTP\/1\.1 200 /);
      // They leave without a word.
      for (const caller of callers) caller.close();
      while ((await engine.records()).length < LIMIT * round) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    while (!(await exchange(port, request("/x"))).startsWith("HTTP/1.1 200 "));
    assert.equal((await engine.records()).filter(({ error }) => error === "cancelled").length, 2 * LIMIT);
    meeting.end();
  }, { maxCalls: LIMIT, allow: [upstream.origin] });
});
