import assert from "node:assert/strict";
import * as z from "zod/mini";
import { bytesSchema } from "../../../src/contract/wire.ts";

Deno.test("bytes travel as unpadded base64url of the agreed size, in one spelling", () => {
  const schema = bytesSchema(1, 8);
  assert.deepEqual(z.decode(schema, "AQID"), Uint8Array.of(1, 2, 3));
  assert.equal(z.encode(schema, Uint8Array.of(1, 2, 3)), "AQID");
  // Nothing, half a byte, padding, stray bits, too long, not base64url, not text.
  for (const text of ["", "A", "AQ==", "AB", "AQIDBAUGBwgJ", "A*==", "A+/_", 5, null]) {
    assert.equal(z.safeDecode(schema, text as string).success, false, String(text));
  }
  for (const bytes of [new Uint8Array(0), new Uint8Array(9), [1, 2]]) {
    assert.throws(() => z.encode(schema, bytes as Uint8Array<ArrayBuffer>), String(bytes));
  }
});
