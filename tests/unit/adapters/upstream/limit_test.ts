/** A limit that is moved all the time: it runs out when nothing moved it, and never after it was stopped. */
import assert from "node:assert/strict";
import { Limit } from "../../../../src/adapters/upstream/limit.ts";

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

Deno.test("a limit runs out after its time, once, also when a longer one came before it", async () => {
  const limit = new Limit(), late = Promise.withResolvers<string>();
  limit.begin(60_000, () => late.resolve("the long one"));
  const began = performance.now();
  limit.begin(30, () => late.resolve("the short one"));
  assert.equal(await late.promise, "the short one");
  assert.ok(performance.now() - began >= 29);
  limit.end();
});

Deno.test("a touch starts it over, a stop ends it, and a later begin counts from then", async () => {
  const limit = new Limit();
  let fired = 0;
  const began = performance.now();
  const late = Promise.withResolvers<number>();
  limit.begin(1000, () => late.resolve(performance.now() - began));
  await pause(100);
  limit.touch();
  assert.ok(await late.promise >= 1099);
  limit.begin(20, () => fired++);
  limit.stop();
  limit.touch();
  await pause(60);
  assert.equal(fired, 0);
  limit.begin(20, () => fired++);
  limit.end();
  await pause(60);
  assert.equal(fired, 0);
});
