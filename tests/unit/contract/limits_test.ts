import assert from "node:assert/strict";
import fc from "fast-check";
import { commitBatches, MAX_COMMIT_BODY_BYTES, MAX_ENVELOPE_BYTES } from "../../../src/contract/limits.ts";
import { MAX_CHANGES_PER_COMMIT, MAX_VALUE_BYTES } from "../../../src/kernel/limits.ts";

Deno.test("any value of 64 KiB fits an envelope, however JSON writes it", () => {
  const worst = "\u0001".repeat(MAX_VALUE_BYTES);
  const plaintext = JSON.stringify({
    name: "N".repeat(128),
    value: worst,
    note: "n".repeat(1024),
    binding: { domains: Array(20).fill("d".repeat(253)), methods: ["GET"] },
  });
  const padded = Math.ceil((4 + new TextEncoder().encode(plaintext).length) / 1024) * 1024;
  assert.ok(8 + 32 + 32 + padded + 16 <= MAX_ENVELOPE_BYTES);
});

Deno.test("batches hold every change in order, and each fits one commit as it is sent", () => {
  const sizes = fc.array(fc.oneof(fc.integer({ min: 0, max: 2000 }), fc.integer({ min: 0, max: MAX_ENVELOPE_BYTES })), {
    maxLength: 60,
  });
  fc.assert(fc.property(sizes, (changes) => {
    const batches = commitBatches(changes, (size) => size);
    assert.deepEqual(batches.flat(), changes);
    for (const batch of batches) {
      assert.ok(batch.length > 0 && batch.length <= MAX_CHANGES_PER_COMMIT);
      assert.ok(sentBytes(batch) <= MAX_COMMIT_BODY_BYTES);
    }
  }));
});

Deno.test("a thousand secrets of 2 KiB are one batch, a thousand and one are two", () => {
  assert.deepEqual(commitBatches(Array(1000).fill(2048 + 88), (size) => size).map((b) => b.length), [1000]);
  assert.deepEqual(commitBatches(Array(1001).fill(100), (size) => size).map((b) => b.length), [1000, 1]);
  assert.deepEqual(commitBatches([], () => 0), []);
});

/** The body of a commit with these envelopes, to the byte, with the longest numbers. */
function sentBytes(sizes: readonly number[]): number {
  const big = Number.MAX_SAFE_INTEGER, hash = "h".repeat(43);
  const changes = sizes.map((size) =>
    size === 0
      ? { sid: "f".repeat(32), ver: big, op: "delete", h: null }
      : { sid: "f".repeat(32), ver: big, op: "set", h: hash }
  );
  const head = { seq: big, hash };
  const body = JSON.stringify({
    v: 1,
    type: "env.commit",
    ws: "w".repeat(34),
    project: "p".repeat(18),
    env: "e".repeat(18),
    seq: big,
    prev: hash,
    epoch: 0xffff_ffff,
    ws_head: head,
    author: { user: "u".repeat(34), account: head, key: hash },
    changes,
    root: hash,
    count: big,
    ts: big,
  });
  const base64 = (bytes: number): string => "A".repeat(Math.ceil((bytes * 4) / 3));
  const commit = { type: "env.commit", body: base64(body.length), sigs: [{ key: hash, sig: "s".repeat(86) }] };
  return JSON.stringify({ commit, envelopes: sizes.filter((size) => size > 0).map(base64) }).length;
}
