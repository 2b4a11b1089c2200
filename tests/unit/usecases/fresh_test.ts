import assert from "node:assert/strict";
import type { Stamp } from "../../../src/kernel/stamp.ts";
import { Fresh, FRESH_MS, type Loan } from "../../../src/usecases/fresh.ts";
import { FakeClock } from "../../support/fake_clock.ts";

/** Something that says of which load it is, and whether it was disposed of. */
class Thing implements Disposable {
  disposed = false;

  constructor(readonly load: number) {}

  [Symbol.dispose](): void {
    this.disposed = true;
  }
}

/** A source that a test changes. */
class Source {
  readonly clock = new FakeClock();
  readonly made: Thing[] = [];
  stamp: Stamp | undefined = { text: "1", settled: true };
  looks = 0;
  failure: Error | undefined;
  /** Where it waits for the test. */
  gate: Promise<void> = Promise.resolve();
  readonly fresh = new Fresh<Thing>(this.clock, {
    look: () => {
      this.looks++;
      return this.stamp;
    },
    load: async () => {
      await this.gate;
      if (this.failure !== undefined) throw this.failure;
      const thing = new Thing(this.made.length + 1);
      this.made.push(thing);
      return thing;
    },
  });

  /** Takes, tells the load's number and gives back. */
  async use(): Promise<number> {
    using loan = await this.fresh.take();
    assert.equal(loan.value.disposed, false);
    return loan.value.load;
  }

  async after(ms: number): Promise<number> {
    await this.clock.advance(ms);
    return await this.use();
  }
}

Deno.test("P34 a change that shows is seen at the next look, and no two looks come within ten milliseconds", async () => {
  const source = new Source();
  assert.equal(await source.use(), 1);
  assert.equal(await source.after(10), 1);
  assert.equal(source.looks, 1);
  assert.equal(await source.after(11), 1);
  assert.equal(source.looks, 2);
  source.stamp = { text: "2", settled: true };
  assert.equal(await source.after(9), 1);
  assert.equal(await source.after(2), 2);
  assert.equal(source.made[0]!.disposed, true);
});

Deno.test("P34 what cannot be looked at is loaded anew, beside the calls while it is fresh, before them when it is not", async () => {
  const source = new Source();
  source.stamp = undefined;
  assert.equal(await source.use(), 1);
  assert.equal(await source.after(400), 1);
  assert.equal(source.made.length, 1);
  assert.equal(await source.after(1), 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(source.made.length, 2);
  assert.equal(await source.use(), 2);
  assert.equal(await source.after(FRESH_MS + 1), 3);
});

Deno.test("P34 a stamp that has not settled proves nothing: the second counts from the reading", async () => {
  const source = new Source();
  source.stamp = { text: "1", settled: false };
  assert.equal(await source.use(), 1);
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  assert.equal(await source.after(500), 1);
  const late = source.after(FRESH_MS - 500 + 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.equal(source.made.length, 1);
  gate.resolve();
  assert.equal(await late, 2);
});

Deno.test("P34 however unchanged it looks, after half a minute it is loaded anew", async () => {
  const source = new Source();
  for (let ms = 0; ms < 30_000; ms += 300) assert.equal(await source.after(ms === 0 ? 0 : 300), 1);
  assert.equal(await source.after(300), 1);
  assert.ok(await source.after(FRESH_MS) >= 2);
});

Deno.test("what was read before a change that came while it was being read is noticed at the next look", async () => {
  const source = new Source();
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  const first = source.use();
  source.stamp = { text: "2", settled: true };
  gate.resolve();
  assert.equal(await first, 1);
  assert.equal(await source.after(11), 2);
});

Deno.test("P34 a change that a look has shown is not forgotten by the next, however soon that comes", async () => {
  const source = new Source();
  assert.equal(await source.use(), 1);
  await source.clock.advance(11);
  source.stamp = { text: "2", settled: true };
  assert.equal(source.fresh.takeNow(), undefined);
  assert.equal(source.fresh.takeNow(), undefined);
  assert.equal(await source.use(), 2);
});

Deno.test("P34 who joins a load that was begun before a change does not get what it read before the change", async () => {
  const source = new Source();
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  const first = source.use();
  await source.clock.advance(20);
  source.stamp = { text: "2", settled: true };
  const second = source.use();
  await source.clock.advance(20);
  gate.resolve();
  assert.deepEqual(await Promise.all([first, second]), [1, 2]);
});

Deno.test("all who wait share one load, and a loan keeps what it lends until it is given back", async () => {
  const source = new Source();
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  const taken = Promise.all(Array.from({ length: 5 }, () => source.fresh.take()));
  gate.resolve();
  const loans: Loan<Thing>[] = await taken;
  assert.equal(source.made.length, 1);
  source.fresh.drop();
  assert.equal(await source.use(), 2);
  for (const loan of loans) {
    assert.equal(source.made[0]!.disposed, false);
    loan[Symbol.dispose]();
    loan[Symbol.dispose]();
  }
  assert.equal(source.made[0]!.disposed, true);
  assert.equal(source.made[1]!.disposed, false);
});

Deno.test("what is dropped while it is being loaded is lent to nobody", async () => {
  const source = new Source();
  const gate = Promise.withResolvers<void>();
  source.gate = gate.promise;
  const waiting = source.use();
  source.fresh.drop();
  gate.resolve();
  assert.equal(await waiting, 2);
  assert.equal(source.made[0]!.disposed, true);
});

Deno.test("a load that fails is told to those who wait, leaves nothing behind and is tried again", async () => {
  const source = new Source();
  assert.equal(await source.use(), 1);
  source.failure = new Error("no");
  source.stamp = { text: "2", settled: true };
  await assert.rejects(source.after(11), /no/);
  assert.equal(source.made[0]!.disposed, true);
  await assert.rejects(source.use(), /no/);
  source.failure = undefined;
  assert.equal(await source.use(), 2);
});

Deno.test("a load beside the calls that fails rejects nowhere, and the next call is told", async () => {
  const source = new Source();
  source.stamp = undefined;
  await source.use();
  source.failure = new Error("no");
  assert.equal(await source.after(401), 1);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await assert.rejects(source.use(), /no/);
});

Deno.test("P34 what is only looked at is as new as what is lent, and holds nothing back from being wiped", async () => {
  const source = new Source();
  assert.equal(source.fresh.peekNow(), undefined);
  assert.equal(await source.use(), 1);
  const seen = source.fresh.peekNow()!;
  assert.equal(seen, source.made[0]);
  source.fresh.drop();
  assert.equal(seen.disposed, true);
  assert.equal(await source.use(), 2);
  await source.clock.advance(11);
  source.stamp = { text: "2", settled: true };
  assert.equal(source.fresh.peekNow(), undefined);
});

Deno.test("ending one use twice does not end another's", async () => {
  const source = new Source();
  using first = await source.fresh.take(), second = await source.fresh.take();
  first[Symbol.dispose]();
  first[Symbol.dispose]();
  source.fresh.drop();
  assert.equal(second.value.disposed, false);
  second[Symbol.dispose]();
  assert.equal(second.value.disposed, true);
});
