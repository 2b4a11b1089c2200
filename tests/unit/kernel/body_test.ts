import assert from "node:assert/strict";
import fc from "fast-check";
import { piecesOf, wholeBody } from "../../../src/kernel/body.ts";
import { type Bytes, concat } from "../../../src/kernel/bytes.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import "../../support/runs.ts";

const LIMIT = { what: "the test's body", maxBytes: 40_000 };

const tooLarge = (error: unknown): boolean =>
  isAppError(error, "body_too_large") && error.fields["what"] === LIMIT.what &&
  error.fields["maxBytes"] === LIMIT.maxBytes;

/** A stream of `count` pieces of that size, and whether it was let go of. */
function stream(count: number, size: number): { body: ReadableStream<Bytes>; seen: { given: number; cut: boolean } } {
  const seen = { given: 0, cut: false };
  const body = new ReadableStream<Bytes>({
    pull(controller): void {
      if (seen.given++ < count) controller.enqueue(new Uint8Array(size).fill(seen.given));
      else controller.close();
    },
    cancel(): void {
      seen.cut = true;
    },
  }, { highWaterMark: 0 });
  return { body, seen };
}

Deno.test("wholeBody() gives the bytes of a body, however it is cut into pieces", async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 12 });
  await fc.assert(fc.asyncProperty(pieces, async (cut) => {
    const told: number[] = [];
    const whole = await wholeBody(ReadableStream.from(cut.map((p) => new Uint8Array(p))), LIMIT, (n) => told.push(n));
    const expected = concat(...cut);
    assert.deepEqual([...whole], [...expected]);
    assert.equal(told.at(-1) ?? 0, expected.length);
    assert.deepEqual([...await wholeBody(expected, LIMIT)], [...expected]);
  }));
  assert.equal((await wholeBody(null, LIMIT)).length, 0);
});

Deno.test("wholeBody() takes as much as is allowed, and lets go of a longer body at its first piece too many", async () => {
  assert.equal((await wholeBody(stream(40, 1000).body, LIMIT)).length, 40_000);
  assert.equal((await wholeBody(new Uint8Array(40_000), LIMIT)).length, 40_000);
  await assert.rejects(wholeBody(new Uint8Array(40_001), LIMIT), tooLarge);
  const { body, seen } = stream(1000, 1000);
  await assert.rejects(wholeBody(body, LIMIT), tooLarge);
  assert.deepEqual(seen, { given: 41, cut: true });
});

Deno.test("wholeBody() hands on what a stream breaks with", async () => {
  const broken = new ReadableStream<Bytes>({ pull: (controller) => controller.error(new TypeError("cut off")) });
  await assert.rejects(wholeBody(broken, LIMIT), /^TypeError: cut off$/);
});

Deno.test("piecesOf() gives a whole body as one piece, and none of no body", async () => {
  const body = new Uint8Array([1, 2]);
  assert.deepEqual(await Array.fromAsync(piecesOf(body)), [body]);
  assert.deepEqual(await Array.fromAsync(piecesOf(null)), []);
});
