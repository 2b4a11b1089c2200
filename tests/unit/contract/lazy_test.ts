import assert from "node:assert/strict";
import * as z from "zod/mini";
import { ByType, lazily } from "../../../src/contract/lazy.ts";

Deno.test("a schema is made by the first call, once", () => {
  let made = 0;
  const schema = lazily(() => {
    made++;
    return z.string();
  });
  assert.equal(made, 0);
  assert.equal(schema(), schema());
  assert.equal(made, 1);
});

Deno.test("a body is read as its type says: other types' schemas are not made, and unknown types are refused", () => {
  const made: string[] = [];
  const variant = <const T extends string, P extends z.ZodMiniType>(type: T, payload: P) => ({
    type,
    schema: lazily(() => {
      made.push(type);
      return z.strictObject({ type: z.literal(type), payload });
    }),
  });
  const bodies = new ByType([variant("a", z.string()), variant("b", z.number())]);
  assert.deepEqual(bodies.parse({ type: "b", payload: 1 }), { type: "b", payload: 1 });
  assert.deepEqual(made, ["b"]);
  const refused = [
    { type: "b", payload: "1" },
    { type: "b", payload: 1, more: 1 },
    { type: "c", payload: 1 },
    { type: "__proto__" },
    { type: ["b"], payload: 1 },
    { payload: 1 },
    "b",
    null,
    undefined,
  ];
  for (const value of refused) {
    assert.deepEqual(bodies.safeParse(value), { success: false }, JSON.stringify(value));
    assert.throws(() => bodies.parse(value), TypeError);
  }
});
