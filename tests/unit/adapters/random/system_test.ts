import assert from "node:assert/strict";
import { systemRandom } from "../../../../src/adapters/random/system.ts";

Deno.test("systemRandom() fills every length, those beyond one system call too, and never repeats", () => {
  for (const length of [0, 1, 16, 65_536, 65_537, 200_000]) {
    const bytes = systemRandom(length);
    assert.equal(bytes.length, length);
    // A stretch of 64 zero bytes in random data has a chance of 2⁻⁵¹²: it would be a part that was not filled.
    for (let at = 0; at + 64 <= length; at += 64) assert.ok(bytes.subarray(at, at + 64).some((byte) => byte !== 0));
  }
  assert.notDeepEqual(systemRandom(16), systemRandom(16));
});
