import assert from "node:assert/strict";
import fc from "fast-check";
import { CROCKFORD } from "../../../src/kernel/encoding.ts";
import { Ulids } from "../../../src/proxy/ulid.ts";
import { seededRandom } from "../../support/seeded_random.ts";

/** The specification's words: 128 bits, the time first, five a character. */
function reference(now: number, chance: Uint8Array): string {
  let bits = BigInt(now);
  for (const byte of chance) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: 26 }, (_, i) => CROCKFORD[Number((bits >> BigInt(5 * (25 - i))) & 31n)]).join("");
}

Deno.test("a ULID is its time and its chance in Crockford's base 32", () => {
  const time = fc.integer({ min: 0, max: 2 ** 48 - 1 }), chance = fc.uint8Array({ minLength: 10, maxLength: 10 });
  fc.assert(fc.property(time, chance, (now, bytes) => {
    const ulids = new Ulids((length) => new Uint8Array(length).map((_, i) => bytes[i % 10]!));
    assert.equal(ulids.next(now), reference(now, bytes));
  }));
  assert.equal(new Ulids((length) => new Uint8Array(length)).next(1469918176385).slice(0, 10), "01ARYZ6S41");
});

Deno.test("ULIDs sort by time, no two are equal, and each has chance of its own", () => {
  const drawn: number[] = [], random = seededRandom("ulids");
  const ulids = new Ulids((length) => (drawn.push(length), random(length)));
  const made = Array.from({ length: 1000 }, (_, i) => ulids.next(1_763_900_000_000 + Math.floor(i / 2)));
  assert.equal(new Set(made.map((text) => text.slice(10))).size, 1000);
  const times = made.map((text) => text.slice(0, 10));
  assert.deepEqual(times, times.toSorted());
  assert.ok(drawn.reduce((sum, length) => sum + length) >= 10_000);
});
