/** Kept connections: the newest first, only to checked addresses, a bounded number, and none that stirred. */
import assert from "node:assert/strict";
import { Channel } from "../../../../../src/adapters/upstream/http1/channel.ts";
import { ChannelPool, MAX_RESTING } from "../../../../../src/adapters/upstream/http1/pool.ts";

const A = "https://a.example", B = "https://b.example", HERE = "192.0.2.1", THERE = "192.0.2.2";

/** A channel whose connection says something when told: a byte, or its end. */
class Line {
  closed = false;
  readonly #read = Promise.withResolvers<number | null>();
  readonly channel: Channel;

  constructor(pool: ChannelPool, address = HERE) {
    this.channel = new Channel({
      read: () => this.#read.promise,
      write: (bytes) => Promise.resolve(bytes.length),
      close: () => {
        this.closed = true;
        this.#read.resolve(null);
      },
    }, address);
    pool.add(this.channel);
  }

  async says(count: number | null): Promise<void> {
    this.#read.resolve(count);
    await new Promise((resolve) => setTimeout(resolve));
  }
}

Deno.test("the newest that rests for an origin is lent, once, and only where the newest check leads", () => {
  const pool = new ChannelPool();
  const [old, young, elsewhere, other] = [new Line(pool), new Line(pool), new Line(pool, THERE), new Line(pool)];
  for (const line of [old, young, elsewhere]) pool.keep(A, line.channel);
  pool.keep(B, other.channel);
  assert.equal(pool.take(A, [HERE]), young.channel);
  // An address that is no longer among the checked ones.
  assert.equal(elsewhere.closed, true);
  assert.equal(pool.take(A, [THERE]), undefined);
  assert.equal(old.closed, true);
  assert.equal(pool.take(A, [HERE]), undefined);
  assert.equal(pool.take(B, [HERE, THERE]), other.channel);
  assert.deepEqual(pool.size, { open: 2, resting: 0 });
  pool.close();
  assert.deepEqual([young.closed, other.closed], [true, true]);
});

Deno.test("what stirs while it rests is closed: an end, or a byte that nobody asked for", async () => {
  for (const what of [null, 1]) {
    const pool = new ChannelPool(), line = new Line(pool);
    pool.keep(A, line.channel);
    await line.says(what);
    assert.equal(line.closed, true);
    assert.equal(pool.take(A, [HERE]), undefined);
    pool.close();
  }
});

Deno.test("nothing is kept that ended, that was closed with the pool, or that the upstream keeps for less than its margin", async () => {
  const pool = new ChannelPool();
  const ended = new Line(pool), brief = new Line(pool), late = new Line(pool);
  ended.channel.flowing = true;
  await ended.says(null);
  pool.keep(A, ended.channel);
  pool.keep(A, brief.channel, 1000);
  pool.close();
  pool.keep(A, late.channel);
  assert.deepEqual([ended.closed, brief.closed, late.closed], [true, true, true]);
  assert.deepEqual(pool.size, { open: 0, resting: 0 });
});

Deno.test("the number of those that rest is bounded: the oldest goes", () => {
  const pool = new ChannelPool();
  const lines = Array.from({ length: MAX_RESTING + 1 }, () => new Line(pool));
  for (const line of lines) pool.keep(A, line.channel);
  assert.deepEqual(pool.size, { open: MAX_RESTING, resting: MAX_RESTING });
  assert.equal(lines[0]!.closed, true);
  assert.ok(lines.slice(1).every(({ closed }) => !closed));
  pool.close();
});
