/**
 * The head of an answer is searched as one text first (src/proxy/answer.ts): that must find whatever a search line by line finds.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { REDACTION_MARKER } from "../../../src/kernel/limits.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { redactAnswer } from "../../../src/proxy/answer.ts";
import { Wariness } from "../../../src/proxy/redact/even_stream.ts";
import { createRedactor } from "../../../src/proxy/redact/redactor.ts";
import { runs } from "../../support/runs.ts";

const latin = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((c) => String.fromCharCode(c)),
  maxLength: 20,
});
const value = fc.string({
  unit: fc.integer({ min: 0x21, max: 0x7e }).map((c) => String.fromCharCode(c)),
  minLength: 8,
  maxLength: 40,
});
const FORMS: readonly ((value: string) => string)[] = [
  (v) => v,
  (v) => btoa(v),
  (v) => btoa(`x${v}`),
  (v) => encodeURIComponent(v),
  (v) => JSON.stringify(v).slice(1, -1),
  (v) => [...v].map((c) => c.charCodeAt(0).toString(16).padStart(2, "0")).join(""),
  // Not enough of it to be found: nothing may be changed.
  (v) => v.slice(0, 5),
  (v) => v.slice(1),
];

Deno.test("P2 a credential in one line of a head is replaced there, and a head without one stays as it was", async () => {
  const line = fc.record({ before: latin, form: fc.nat(FORMS.length - 1), planted: fc.boolean(), after: latin });
  await fc.assert(
    fc.asyncProperty(value, fc.array(line, { minLength: 1, maxLength: 5 }), async (text, lines) => {
      using secret = Secret.fromText(text);
      using redactor = createRedactor([secret]);
      const headers = lines.map(({ before, form, planted, after }, i) =>
        [`x-${i}`, `${before}${planted ? FORMS[form]!(text) : ""}${after}`] as const
      );
      const answer = await redactAnswer(
        { status: 200, statusText: "OK", headers, body: null },
        redactor,
        new Wariness(),
        "d",
      );
      const alone = headers.map(([name, shown]) => {
        const bytes = Uint8Array.from(shown, (c) => c.charCodeAt(0));
        return [name, String.fromCharCode(...redactor.bytes(bytes))] as const;
      });
      assert.deepEqual(answer.headers, alone);
      const changed = alone.some(([, v], i) => v !== headers[i]![1]);
      assert.equal(answer.redacted(), changed);
      if (changed) assert.ok(answer.headers.some(([, v]) => v.includes(REDACTION_MARKER)));
    }),
    runs(300),
  );
});
