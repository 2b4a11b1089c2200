import assert from "node:assert/strict";
import { SystemClock } from "../../../../src/adapters/clock/system.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import type { Clock } from "../../../../src/ports/clock.ts";

const CLOCKS: Readonly<Record<string, () => { clock: Clock; pass: (ms: number) => Promise<void> }>> = {
  SystemClock: () => ({ clock: new SystemClock(), pass: async () => {} }),
  FakeClock: () => {
    const clock = new FakeClock();
    return { clock, pass: (ms) => clock.advance(ms) };
  },
};

for (const [name, make] of Object.entries(CLOCKS)) {
  Deno.test(`${name}: sleep() wakes after its time, and both clocks have moved by then`, async () => {
    const { clock, pass } = make();
    const [wall, monotonic] = [clock.now(), clock.monotonicMs()];
    const slept = clock.sleep(5);
    await pass(5);
    await slept;
    assert.ok(clock.monotonicMs() - monotonic >= 4);
    assert.ok(clock.now() >= wall);
  });

  Deno.test(`${name}: sleep() rejects with the signal's reason, before and during`, async () => {
    const { clock } = make();
    await assert.rejects(clock.sleep(60_000, AbortSignal.abort(new Error("before"))), /before/);
    const abort = new AbortController();
    const slept = clock.sleep(60_000, abort.signal);
    abort.abort(new Error("during"));
    await assert.rejects(slept, /during/);
  });
}

Deno.test("FakeClock wakes in order of time, each with the clock at its moment", async () => {
  const clock = new FakeClock();
  const start = clock.monotonicMs();
  const woken: [string, number][] = [];
  const sleep = async (name: string, ms: number): Promise<void> => {
    await clock.sleep(ms);
    woken.push([name, clock.monotonicMs() - start]);
  };
  const all = [sleep("c", 30), sleep("a", 10), sleep("b", 20), sleep("late", 100)];
  await clock.advance(50);
  assert.deepEqual(woken, [["a", 10], ["b", 20], ["c", 30]]);
  assert.equal(clock.sleeping, 1);
  await clock.advance(50);
  await Promise.all(all);
});
