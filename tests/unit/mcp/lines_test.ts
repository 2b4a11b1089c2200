import fc from "fast-check";
import assert from "node:assert/strict";
import { Lines } from "../../../src/mcp/lines.ts";

const encoder = new TextEncoder();

/** The lines of `text` that arrives in pieces which end before each of `cuts`. */
function linesOf(text: string, cuts: readonly number[], maxBytes = 1024): string[] {
  const bytes = encoder.encode(text);
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  const lines = new Lines(maxBytes);
  return ends.flatMap((end, at) => [...lines.add(bytes.subarray(ends[at - 1] ?? 0, end))]);
}

Deno.test("lines are the same however their bytes arrive, and an unended one is none", () => {
  const line = fc.string({ unit: "grapheme" }).filter((text) => !text.includes("\n") && !text.startsWith("\ufeff"));
  fc.assert(fc.property(fc.array(line), line, fc.array(fc.nat()), (lines, rest, cuts) => {
    assert.deepEqual(linesOf([...lines, rest].join("\n"), cuts), lines);
  }));
});

Deno.test("a line has a longest length, whether it ends or not, in one piece or many", () => {
  assert.deepEqual(linesOf("1234\n1234\n", [], 4), ["1234", "1234"]);
  for (const text of ["12345\n", "12345", "1\n12345"]) {
    for (const cuts of [[], [1, 2, 3, 4], [3]]) assert.throws(() => linesOf(text, cuts, 4), RangeError, text);
  }
});
