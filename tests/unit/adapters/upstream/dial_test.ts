/** Several addresses: the next is tried while the first hesitates, and what comes too late is closed (RFC 8305). */
import assert from "node:assert/strict";
import { type Connect, dial, DialError, interleaved } from "../../../../src/adapters/upstream/dial.ts";
import { GoodAddresses } from "../../../../src/adapters/upstream/good_addresses.ts";
import { nobodyListens } from "../../../support/nobody_listens.ts";

const V4 = "127.0.0.1", V6 = "::1";

/** Connections to this machine; the addresses in `slow` answer when told. */
class Net {
  readonly attempts: string[] = [];
  readonly closed: string[] = [];
  readonly slow = new Map<string, PromiseWithResolvers<void>>();

  constructor(...slow: readonly string[]) {
    for (const address of slow) this.slow.set(address, Promise.withResolvers());
  }

  readonly connect: Connect = async ({ hostname }) => {
    this.attempts.push(hostname);
    await this.slow.get(hostname)?.promise;
    return { close: () => void this.closed.push(hostname) } as unknown as Deno.TcpConn;
  };
}

Deno.test("the families alternate, the first one's first, each in its order", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["", ""],
    ["::1 ::2 ::3 1.1.1.1 2.2.2.2", "::1 1.1.1.1 ::2 2.2.2.2 ::3"],
    ["1.1.1.1 2.2.2.2 ::1", "1.1.1.1 ::1 2.2.2.2"],
    ["1.1.1.1 2.2.2.2", "1.1.1.1 2.2.2.2"],
    ["::1 1.1.1.1 2.2.2.2 3.3.3.3", "::1 1.1.1.1 2.2.2.2 3.3.3.3"],
  ];
  for (const [given, order] of cases) {
    assert.equal(interleaved(given.split(" ").filter((text) => text !== "")).join(" "), order);
  }
});

Deno.test("a dead first address costs a quarter of a second, and its late connection is closed", async () => {
  const net = new Net("2001:db8::1", "2001:db8::2");
  const started = performance.now();
  const { address } = await dial(["2001:db8::1", "2001:db8::2", "192.0.2.1"], 443, {
    timeoutMs: 60_000,
    connect: net.connect,
  });
  assert.equal(address, "192.0.2.1");
  assert.deepEqual(net.attempts, ["2001:db8::1", "192.0.2.1"]);
  assert.ok(performance.now() - started >= 240);
  net.slow.get("2001:db8::1")!.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(net.closed, ["2001:db8::1"]);
});

Deno.test("a first address that hesitates and then answers before the second is the one", async () => {
  const net = new Net("192.0.2.1", "192.0.2.2");
  const dialing = dial(["192.0.2.1", "192.0.2.2"], 443, { timeoutMs: 60_000, connect: net.connect });
  while (net.attempts.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  net.slow.get("192.0.2.1")!.resolve();
  assert.equal((await dialing).address, "192.0.2.1");
  net.slow.get("192.0.2.2")!.resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(net.closed, ["192.0.2.2"]);
});

Deno.test("with both families, whichever the server listens on is found, in either order", async () => {
  for (const hostname of [V4, V6]) {
    const listener = Deno.listen({ hostname, port: 0 });
    for (const order of [[V6, V4], [V4, V6]]) {
      const { connection, address } = await dial(order, listener.addr.port, { timeoutMs: 60_000 });
      assert.equal(address, hostname);
      connection.close();
      (await listener.accept()).close();
    }
    listener.close();
    await nobodyListens({ hostname, port: listener.addr.port });
    const refused = dial([V6, V4], listener.addr.port, { timeoutMs: 60_000 });
    await assert.rejects(refused, (e) => e instanceof DialError && !e.timedOut && /refused/.test(e.reason));
  }
});

Deno.test("when no address answers the limit ends it, and an abort ends it at once; nothing stays open", async () => {
  const dead = ["192.0.2.1", "192.0.2.2"];
  const net = new Net(...dead);
  const late = dial(dead, 443, { timeoutMs: 30, connect: net.connect });
  await assert.rejects(late, (e) => e instanceof DialError && e.timedOut);
  const gone = new AbortController();
  const aborted = dial(dead, 443, { timeoutMs: 60_000, signal: gone.signal, connect: net.connect });
  gone.abort(new TypeError("gone"));
  await assert.rejects(aborted, TypeError);
  await assert.rejects(dial(dead, 443, { timeoutMs: 60_000, signal: gone.signal, connect: net.connect }), TypeError);
  assert.equal(net.attempts.length, 2);
  for (const { resolve } of net.slow.values()) resolve();
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(net.closed, ["192.0.2.1", "192.0.2.1"]);
});

Deno.test("the address that answered last is tried first, only while it is among those that were checked", () => {
  const good = new GoodAddresses();
  const addresses = [V6, V4];
  assert.deepEqual(good.order("https://a.example", addresses), addresses);
  good.answered("https://a.example", V4);
  assert.deepEqual(good.order("https://a.example", addresses), [V4, V6]);
  assert.deepEqual(good.order("https://b.example", addresses), addresses);
  assert.deepEqual(good.order("https://a.example", ["192.0.2.1", V6]), ["192.0.2.1", V6]);
});
