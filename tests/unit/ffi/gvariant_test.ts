import assert from "node:assert/strict";
import fc from "fast-check";
import { type Glib, newVariant, openGlib, variantBytes } from "../../../ffi/glib.ts";
import { quote, readDictionary, readStrings } from "../../../ffi/gvariant.ts";

function tryOpen(): Glib | undefined {
  try {
    return openGlib();
  } catch {
    return undefined;
  }
}

const glib = tryOpen();

/** What GLib makes of a value in its text format. */
function serialised(text: string): Uint8Array {
  const variant = newVariant(glib!, text);
  const bytes = variantBytes(glib!, variant);
  glib!.g_variant_unref(variant);
  return bytes;
}

/** Printable text: attributes hold nothing else. */
const text = fc.string({ unit: "grapheme", maxLength: 60 }).filter((s) => !/\p{Cc}/u.test(s) && s.isWellFormed());
const skipped = glib ? "" : " SKIPPED: GLib is not installed";

Deno.test({
  name: `GLib's own serialisation of strings and dictionaries is read back exactly${skipped}`,
  ignore: glib === undefined,
  fn: () => {
    fc.assert(fc.property(fc.array(text, { maxLength: 30 }), (strings) => {
      assert.deepEqual(readStrings(serialised(`@as [${strings.map(quote).join(", ")}]`)), strings);
    }));
    fc.assert(fc.property(fc.dictionary(text, text, { maxKeys: 30 }), (pairs) => {
      const entries = Object.entries(pairs);
      const parts = entries.map(([key, value]) => `${quote(key)}: ${quote(value)}`);
      assert.deepEqual([...readDictionary(serialised(`@a{ss} {${parts.join(", ")}}`))], entries);
    }));
  },
});

Deno.test({
  name: `containers of every offset width are read${skipped}`,
  ignore: glib === undefined,
  fn: () => {
    for (const count of [0, 1, 2, 10, 100, 1_000, 3_000]) {
      const strings = Array.from({ length: count }, (_, i) => `/org/freedesktop/secrets/collection/login/${i}`);
      assert.deepEqual(readStrings(serialised(`@ao [${strings.map(quote).join(", ")}]`)), strings);
    }
    for (const length of [1, 249, 250, 255, 65_530, 65_536, 70_000]) {
      const value = "x".repeat(length);
      assert.deepEqual([...readDictionary(serialised(`{'k': '${value}'}`))], [["k", value]]);
    }
  },
});

Deno.test("bytes that are no such container are refused or read, never run past", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
    for (const read of [readStrings, readDictionary]) {
      try {
        read(bytes);
      } catch (error) {
        assert.ok(error instanceof RangeError, String(error));
      }
    }
  }));
});
