/** The audit log's groups: however records fall into groups the log verifies, and any single wrong line is named. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isAppError } from "../../../src/kernel/error.ts";
import { groupLines, parseLine, placeOf, unplacedLine } from "../../../src/proxy/audit_line.ts";
import { runs } from "../../support/runs.ts";
import { FACTS, groupsOf, STRANGER, verify } from "../../support/audit.ts";

const sizes = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 6 });
/** A log and one of its lines, counted from 0. */
const logAndLine = sizes.chain((groups) => {
  const count = groups.reduce((sum, size) => sum + size, 0);
  return fc.record({ groups: fc.constant(groups), at: fc.nat(count - 1) });
});
const RUNS = runs(150);

/** The numbers from 0 of a log's first line and of its end for the group that holds line `at`. */
function groupAround(groups: readonly number[], at: number): { readonly first: number; readonly end: number } {
  let first = 0;
  for (const size of groups) {
    if (at < first + size) return { first, end: first + size - 1 };
    first += size;
  }
  throw new RangeError("No such line");
}

/** The log is refused at line `expected`, counted from 0 as everything here. */
async function namedAt(expected: number, lines: readonly string[], head?: string): Promise<void> {
  try {
    await verify(lines, head === undefined ? {} : { head });
  } catch (error) {
    assert.ok(isAppError(error, "audit_invalid"), String(error));
    assert.equal(Number(error.fields.line) - 1, expected, String(error.fields.reason));
    return;
  }
  assert.fail(`nothing wrong was found, although line ${expected} is`);
}

/** An unsigned line that fits after `last` as well as an honest one would. */
function forgedAfter(last: string | undefined): string {
  const texts = ["log_forged", "log_more"].map((id) => unplacedLine({ ...FACTS, method: "DELETE" }, id));
  return groupLines(texts, placeOf(last), STRANGER).lines[0]!;
}

Deno.test("P14 records in groups of any sizes verify, each line is one record, and a group of one is an ordinary signed line", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, async (groups) => {
      const lines = groupsOf(groups);
      const { records, lastSeq } = await verify(lines, { head: lines.at(-1)! });
      assert.deepEqual([records, lastSeq], [lines.length, lines.length]);
      const signed = lines.filter((line) => parseLine(line)!.sig !== "");
      assert.deepEqual(signed.map((line) => (parseLine(line)!.covers ?? 0) + 1), groups);
      for (let first = 0, i = 0; i < groups.length; first += groups[i++]!) {
        assert.equal((await verify(lines.slice(first), { pruned: true })).firstSeq, first + 1);
      }
    }),
    RUNS,
  );
});

Deno.test("P14 a line with any one character changed is named, also inside a group", async () => {
  const change = fc.record({
    where: fc.double({ min: 0, max: 0.999, noNaN: true }),
    to: fc.constantFrom(...'0aZ"{,_5'),
  });
  await fc.assert(
    fc.asyncProperty(logAndLine, change, async ({ groups, at }, { where, to }) => {
      const lines = groupsOf(groups), line = lines[at]!, position = Math.floor(where * line.length);
      fc.pre(line[position] !== to);
      await namedAt(at, lines.with(at, line.slice(0, position) + to + line.slice(position + 1)));
    }),
    runs(400),
  );
});

Deno.test("P14 a line with another content, number, predecessor or count is named, also inside a group", async () => {
  const edits: readonly ((line: string) => string)[] = [
    (line) => line.replace('"status_code":200', '"status_code":403'),
    (line) => line.replace(/"seq":\d+/, (found) => `${found}0`),
    (line) => line.replace(/"prev":"[^"]*"/, `"prev":"${"5".repeat(64)}"`),
    (line) => line.replace(/"key":"[^"]*"/, `"key":"${STRANGER.key}"`),
    (line) => line.includes('"covers"') ? line.replace(/"covers":\d+/, '"covers":200') : line.slice(0, -1),
  ];
  await fc.assert(
    fc.asyncProperty(logAndLine, fc.constantFrom(...edits), async ({ groups, at }, edit) => {
      const lines = groupsOf(groups);
      await namedAt(at, lines.with(at, edit(lines[at]!)));
    }),
    RUNS,
  );
});

Deno.test("P14 a dropped, doubled or exchanged line is named where the log stops being what it was", async () => {
  await fc.assert(
    fc.asyncProperty(logAndLine, async ({ groups, at }) => {
      const lines = groupsOf(groups), { first, end } = groupAround(groups, at);
      // Without its signed end the last group is not covered at all.
      const cut = at === lines.length - 1 && end > first;
      await namedAt(cut ? first : at, lines.toSpliced(at, 1), lines.at(-1)!);
      await namedAt(at + 1, lines.toSpliced(at, 0, lines[at]!));
      if (at > 0) await namedAt(at - 1, lines.toSpliced(at - 1, 2, lines[at]!, lines[at - 1]!));
    }),
    RUNS,
  );
});

Deno.test("P14 a forged line is named wherever it is put in, and however well it fits", async () => {
  await fc.assert(
    fc.asyncProperty(logAndLine, fc.boolean(), async ({ groups, at }, appended) => {
      const lines = groupsOf(groups), place = appended ? lines.length : at;
      const before = place === 0 ? undefined : lines[place - 1]!;
      await namedAt(place, lines.toSpliced(place, 0, forgedAfter(before)));
      const signed = groupLines([unplacedLine(FACTS, "log_forged")], placeOf(before), STRANGER).lines[0]!;
      await namedAt(place, lines.toSpliced(place, 0, signed));
    }),
    RUNS,
  );
});

Deno.test("P14 forged lines on which an honest group was chained are not adopted by its signature", async () => {
  await fc.assert(
    fc.asyncProperty(sizes, fc.integer({ min: 1, max: 5 }), sizes, async (before, count, after) => {
      const honest = groupsOf(before), forged: string[] = [];
      for (let i = 0; i < count; i++) forged.push(forgedAfter(forged.at(-1) ?? honest.at(-1)));
      const all = [...honest, ...forged, ...groupsOf(after, forged.at(-1))];
      await namedAt(honest.length, all);
    }),
    RUNS,
  );
});

Deno.test("P14 a signature that was taken away is missed: its line is named, or the lines that nothing covers any more", async () => {
  await fc.assert(
    fc.asyncProperty(logAndLine, async ({ groups, at }) => {
      const lines = groupsOf(groups), { first, end } = groupAround(groups, at);
      const stripped = lines[end]!.replace(/,"covers":\d+/, "").replace(/"key":.*$/, '"key":"","sig":""}');
      await namedAt(end === lines.length - 1 ? first : end, lines.with(end, stripped));
    }),
    RUNS,
  );
});
