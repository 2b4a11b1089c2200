/** The reader of the audit log's lines: any text is one record in one spelling, or none, and never a failure of its own. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { auditJson, parseLine } from "../../../src/proxy/audit_line.ts";
import { groupsOf } from "../../support/audit.ts";
import { almost } from "../../support/edits.ts";
import { runs } from "../../support/runs.ts";

const LINES = groupsOf([1, 3]);
const line = fc.constantFrom(...LINES);

/** The line as it would be written anew, with members in their own order. */
function again(text: string): string {
  return JSON.stringify(auditJson(parseLine(text)!));
}

Deno.test("P14 any text is a record in the one spelling, or none", () => {
  const unit = fc.string({ unit: "binary", minLength: 1, maxLength: 1 });
  const text = almost(line, { trouble: ['"', "\\", "{", "}", ",", "\n", "1e999", "null"], unit, most: 3 });
  fc.assert(
    fc.property(fc.oneof({ weight: 5, arbitrary: text }, { weight: 1, arbitrary: fc.json() }), (candidate) => {
      if (parseLine(candidate) === undefined) return;
      assert.equal(again(candidate), candidate);
      assert.equal(candidate.includes("\n"), false);
    }),
    runs(500),
  );
});

Deno.test("P14 a member of another type, doubled, missing or added is no record, whatever its value", () => {
  const members = Object.keys(JSON.parse(LINES[0]!));
  fc.assert(
    fc.property(line, fc.constantFrom(...members, "value", "__proto__", "v "), fc.jsonValue(), (whole, name, value) => {
      const json = JSON.parse(whole);
      const { [name]: _, ...without } = json;
      const known = Object.hasOwn(json, name);
      const candidates = [
        JSON.stringify({ ...json, [name]: value }),
        known ? JSON.stringify(without) : whole.replace(/\}$/, `,${JSON.stringify(name)}:${JSON.stringify(value)}}`),
        whole.replace(/^\{/, `{${JSON.stringify(name)}:${JSON.stringify(value)},`),
        whole.replace(/,/g, ", "),
      ];
      for (const candidate of candidates) {
        const record = parseLine(candidate);
        if (record !== undefined) assert.equal(again(candidate), candidate);
        if (record !== undefined && known) assert.equal(typeof JSON.parse(candidate)[name], typeof json[name]);
        if (!known) assert.equal(record === undefined || candidate === whole, true, candidate);
      }
    }),
    runs(200),
  );
});
