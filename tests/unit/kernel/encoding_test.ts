import assert from "node:assert/strict";
import fc from "fast-check";
import * as encoding from "../../../src/kernel/encoding.ts";
import { concat, equalBytes, lengthPrefixed } from "../../../src/kernel/bytes.ts";
import "../../support/runs.ts";

const PAIRS = {
  hex: [encoding.toHex, encoding.fromHex],
  base64url: [encoding.toBase64Url, encoding.fromBase64Url],
  base32: [encoding.toBase32, encoding.fromBase32],
  crockford: [encoding.toCrockford, encoding.fromCrockford],
} as const;

for (const [name, [encode, decode]] of Object.entries(PAIRS)) {
  Deno.test(`${name}: decode undoes encode`, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      assert.deepEqual(decode(encode(bytes)), new Uint8Array(bytes));
    }));
  });

  Deno.test(`${name}: each byte string has exactly one text`, () => {
    fc.assert(fc.property(fc.string({ maxLength: 12 }), (text) => {
      const bytes = decode(text);
      if (bytes !== undefined) assert.equal(encode(bytes), text);
    }));
  });
}

Deno.test("hex and base64url agree with the platform's", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
    assert.equal(encoding.toHex(bytes), bytes.toHex());
    assert.equal(encoding.toBase64Url(bytes), bytes.toBase64({ alphabet: "base64url", omitPadding: true }));
  }));
});

Deno.test("lengthPrefixed() gives different lists different bytes", () => {
  const field = fc.uint8Array({ maxLength: 4 });
  fc.assert(fc.property(fc.array(field, { maxLength: 4 }), fc.array(field, { maxLength: 4 }), (a, b) => {
    const same = a.length === b.length && a.every((x, i) => equalBytes(x, b[i]!));
    assert.equal(equalBytes(lengthPrefixed(...a), lengthPrefixed(...b)), same);
  }));
});

Deno.test("concat() joins in order and owns its buffer", () => {
  const a = Uint8Array.of(1, 2);
  const joined = concat(a, Uint8Array.of(), Uint8Array.of(3));
  a[0] = 9;
  assert.deepEqual(joined, Uint8Array.of(1, 2, 3));
});
