import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader } from "../../../../src/adapters/terminal/byte_reader.ts";

/** Gives out `bytes` in pieces of at most `size`. */
function sourceOf(bytes: Uint8Array, size: number): { read(into: Uint8Array): Promise<number | null> } {
  let at = 0;
  return {
    read: (into) => {
      if (at >= bytes.length) return Promise.resolve(null);
      const piece = bytes.subarray(at, at + Math.min(size, into.length));
      into.set(piece);
      at += piece.length;
      return Promise.resolve(piece.length);
    },
  };
}

const decode = (bytes: Uint8Array | undefined): string | undefined => bytes && new TextDecoder().decode(bytes);

Deno.test("lines come one after another, then the rest, however the bytes arrive", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(fc.stringMatching(/^[a-z ]{0,20}$/), { minLength: 1, maxLength: 5 }),
    fc.string({ unit: "grapheme" }),
    fc.integer({ min: 1, max: 40 }),
    fc.constantFrom("\n", "\r\n"),
    async (lines, rest, size, end) => {
      const bytes = new TextEncoder().encode(lines.map((line) => line + end).join("") + rest);
      const reader = new ByteReader(sourceOf(bytes, size));
      for (const line of lines) assert.equal(decode(await reader.line(100, "a line")), line);
      assert.equal(decode(await reader.rest(10_000, "the rest")), rest);
    },
  ));
});

Deno.test("a last line without an end counts; nothing after it does not", async () => {
  const reader = new ByteReader(sourceOf(new TextEncoder().encode("only"), 3));
  assert.equal(decode(await reader.line(100, "a line")), "only");
  assert.equal(await reader.line(100, "a line"), undefined);
});

Deno.test("a line or a rest beyond its limit is refused, naming what it was", async () => {
  const bytes = new Uint8Array(5000).fill(0x61);
  await assert.rejects(new ByteReader(sourceOf(bytes, 700)).line(4096, "the password"), {
    code: "body_too_large",
    message: /the password.*4096/,
  });
  await assert.rejects(new ByteReader(sourceOf(bytes, 700)).rest(4999, "standard input"), { code: "body_too_large" });
  assert.equal((await new ByteReader(sourceOf(bytes, 700)).rest(5000, "standard input")).length, 5000);
});

Deno.test("what is put back comes again first", async () => {
  const reader = new ByteReader(sourceOf(new TextEncoder().encode("abcdef"), 100));
  const chunk = await reader.chunk();
  reader.putBack(chunk!.subarray(2));
  assert.equal(decode(await reader.rest(100, "the rest")), "cdef");
});
