/** A resolver that remembers for a second, asked by many at once and in front of one that changes its answer. */
import assert from "node:assert/strict";
import { RecentDns } from "../../../../src/adapters/dns/recent.ts";
import { SystemDns } from "../../../../src/adapters/dns/system.ts";
import { AppError } from "../../../../src/kernel/error.ts";
import type { Dns } from "../../../../src/ports/dns.ts";
import type { Upstream } from "../../../../src/ports/upstream.ts";
import { TableDns, TestEngine } from "../../../support/engine.ts";
import { FakeClock } from "../../../support/fake_clock.ts";

/** Answers when it is told to. */
class HeldDns implements Dns {
  readonly asked: string[] = [];
  #answers: PromiseWithResolvers<readonly string[]>[] = [];

  resolve(host: string, signal?: AbortSignal): Promise<readonly string[]> {
    assert.equal(signal, undefined, "a look-up belongs to all who wait for it");
    this.asked.push(host);
    const answer = Promise.withResolvers<readonly string[]>();
    this.#answers.push(answer);
    return answer.promise;
  }

  async answer(addresses: readonly string[] | AppError): Promise<void> {
    const { resolve, reject } = this.#answers.shift()!;
    if (addresses instanceof AppError) reject(addresses);
    else resolve(addresses);
    await Promise.resolve();
  }
}

Deno.test("P8 an answer serves for less than a second; then the resolver is asked anew and its new answer counts", async () => {
  const clock = new FakeClock(), held = new HeldDns();
  const dns = new RecentDns(held, clock);
  const first = dns.resolve("a.example");
  await held.answer(["93.184.216.34"]);
  assert.deepEqual(await first, ["93.184.216.34"]);
  clock.advance(999);
  assert.deepEqual(await dns.resolve("a.example"), ["93.184.216.34"]);
  assert.equal(held.asked.length, 1);
  clock.advance(1);
  const second = dns.resolve("a.example");
  await held.answer(["10.0.0.1"]);
  assert.deepEqual(await second, ["10.0.0.1"]);
  assert.equal(held.asked.length, 2);
});

Deno.test("those who ask at once share one look-up, each name its own", async () => {
  const held = new HeldDns();
  const dns = new RecentDns(held, new FakeClock());
  const [a, b, c] = [dns.resolve("a.example"), dns.resolve("a.example"), dns.resolve("b.example")];
  assert.deepEqual(held.asked, ["a.example", "b.example"]);
  await held.answer(["1.1.1.1"]);
  await held.answer(["2.2.2.2"]);
  assert.deepEqual(await Promise.all([a, b, c]), [["1.1.1.1"], ["1.1.1.1"], ["2.2.2.2"]]);
});

Deno.test("who gives up is let go at once, and the others get their answer", async () => {
  const held = new HeldDns(), gone = new AbortController();
  const dns = new RecentDns(held, new FakeClock());
  const [leaves, stays] = [
    dns.resolve("a.example", gone.signal),
    dns.resolve("a.example", new AbortController().signal),
  ];
  gone.abort(new AppError("cancelled"));
  await assert.rejects(leaves, { code: "cancelled" });
  await held.answer(["1.1.1.1"]);
  assert.deepEqual(await stays, ["1.1.1.1"]);
  await assert.rejects(dns.resolve("a.example", gone.signal), { code: "cancelled" });
});

Deno.test("a failure is told to all who wait, and not kept", async () => {
  const held = new HeldDns();
  const dns = new RecentDns(held, new FakeClock());
  const waiting = [dns.resolve("a.example"), dns.resolve("a.example")];
  await held.answer(new AppError("upstream_dns", { domain: "a.example" }));
  for (const one of waiting) await assert.rejects(one, { code: "upstream_dns" });
  const next = dns.resolve("a.example");
  await held.answer(["1.1.1.1"]);
  assert.deepEqual(await next, ["1.1.1.1"]);
});

Deno.test("the answers that are kept cannot be changed by who gets them, and are not without number", async () => {
  let asked = 0;
  const dns = new RecentDns({ resolve: (host) => Promise.resolve([`${host}${asked++}`]) }, new FakeClock());
  const answer = await dns.resolve("a.example") as string[];
  assert.throws(() => answer.push("10.0.0.1"), TypeError);
  for (let i = 0; i < 256; i++) await dns.resolve(`${i}.example`);
  const before = asked;
  await dns.resolve("255.example");
  assert.equal(asked, before);
  await dns.resolve("a.example");
  assert.equal(asked, before + 1);
});

Deno.test("P7 P8 a kept answer is checked each time, and what is connected to is what was checked", async () => {
  const sent: (readonly string[])[] = [];
  const upstream: Upstream = {
    throughProxy: () => false,
    send: ({ addresses }) => {
      sent.push(addresses);
      return Promise.resolve({ status: 204, statusText: "", headers: [], body: null });
    },
    connect: () => Promise.reject(new TypeError("No WebSocket was expected")),
    close: () => Promise.resolve(),
  };
  const table: Record<string, readonly string[]> = { "api.example.com": ["93.184.216.34"] };
  const clock = new FakeClock(), recent = new RecentDns(new TableDns(table), clock);
  const engine = await TestEngine.start({ allow: ["api.example.com"], upstream });
  engine.dns.resolve = (host) => recent.resolve(host);
  const call = async (): Promise<unknown> => await engine.call({ target: "https://api.example.com/" });
  await call();
  table["api.example.com"] = ["169.254.169.254"];
  await call(); // a second has not passed: still to the address that was checked
  clock.advance(1000);
  for (let i = 0; i < 2; i++) await assert.rejects(call(), { code: "private_address" });
  assert.deepEqual(sent, [["93.184.216.34"], ["93.184.216.34"]]);
  await engine.close();
});

Deno.test("the system's resolver behind it knows this machine", async () => {
  const dns = new RecentDns(new SystemDns(), new FakeClock());
  const addresses = await dns.resolve("localhost");
  assert.ok(addresses.some((address) => address === "127.0.0.1" || address === "::1"));
  assert.equal(await dns.resolve("localhost"), addresses);
  await assert.rejects(dns.resolve("nothing.invalid"), { code: "upstream_dns" });
});
