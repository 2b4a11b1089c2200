/**
 * docs/THREAT_MODEL.md, docs/spec/proxy.md and the tests agree: every promise has a test with its number, every number stands for one
 * promise, and every attack that the specification lists has a row that names promises and suites that try it.
 */
import assert from "node:assert/strict";
import { root, sources } from "../architecture/sources.ts";

const MODEL = await Deno.readTextFile(new URL("docs/THREAT_MODEL.md", root));
const PROXY = await Deno.readTextFile(new URL("docs/spec/proxy.md", root));

/** The numbers of the promises, in the order of the page. */
const PROMISES = [...MODEL.matchAll(/^[*-] \*\*(P\d+)\*\*/gm)].map((m) => m[1]!);

/** The numbers that the names of a suite's tests carry. */
function numbersIn(suite: string): Set<string> {
  const names = suite.matchAll(/(?:Deno\.test\(|\bname:)\s*\{?\s*(?:name:\s*)?["'`]([^"'`]+)/g);
  return new Set([...names].flatMap(([, name]) => [...name!.matchAll(/\bP\d+\b/g)].map(([number]) => number)));
}

async function tested(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const suites = new Map<string, ReadonlySet<string>>();
  for await (const path of sources("tests")) suites.set(path, numbersIn(await Deno.readTextFile(new URL(path, root))));
  return suites;
}

Deno.test("every promise of the threat model has a test with its number, and no test claims an unknown one", async () => {
  const claimed = new Set([...(await tested()).values()].flatMap((numbers) => [...numbers]));
  assert.ok(PROMISES.length > 0);
  assert.deepEqual(PROMISES.filter((p, i) => PROMISES.indexOf(p) !== i), [], "promises that stand twice");
  assert.deepEqual(PROMISES.filter((p) => !claimed.has(p)), [], "promises without a test");
  assert.deepEqual([...claimed].filter((p) => !PROMISES.includes(p)), [], "tests of unknown promises");
});

/** A row of "Attacks and what answers them". */
interface Row {
  readonly number: string;
  readonly attack: string;
  readonly promises: readonly string[];
  readonly suites: readonly string[];
}

function rows(): readonly Row[] {
  const lines = MODEL.split("\n").filter((line) => /^\| T\d/.test(line));
  return lines.map((line) => {
    const [, number, attack, , promises, suites, ...rest] = line.split("|").map((cell) => cell.trim());
    assert.deepEqual(rest, [""], line);
    return { number: number!, attack: attack!, promises: promises!.split(/\s+/), suites: suites!.split(/\s+/) };
  });
}

const plain = (text: string): string => text.replaceAll("`", "").replace(/\s+/g, " ").trim().toLowerCase();

/** Every item of the specification's list, and every part of one that stands between commas or in parentheses. */
function listed(): readonly string[] {
  const list = /## \d+\. Threats, each with a test[^\n]*\n([^#]+)/.exec(PROXY)?.[1] ?? "";
  return list.replace(/\.\s*$/, "").split(/[·,()]/).map(plain).filter((item) => item !== "");
}

Deno.test("every attack that the proxy's specification lists has a row, and rows are numbered without a gap", () => {
  const items = listed(), table = rows();
  assert.ok(items.length >= 34, `${items.length} items were read`);
  const parts = new Set(table.flatMap(({ attack }) => [plain(attack), ...plain(attack).split(": ")]));
  assert.deepEqual(items.filter((item) => !parts.has(item)), [], "attacks without a row");
  assert.deepEqual(table.map(({ number }) => number), table.map((_, i) => `T${i + 1}`));
  const attacks = table.map(({ attack }) => attack);
  assert.deepEqual(attacks.filter((attack, i) => attacks.indexOf(attack) !== i), [], "attacks that stand twice");
});

Deno.test("every row of the attacks names promises, and suites that exist and carry their numbers", async () => {
  const suites = await tested();
  for (const row of rows()) {
    const where = `${row.number} ${row.attack}`;
    assert.deepEqual(row.promises.filter((p) => !PROMISES.includes(p)), [], `${where}: unknown promises`);
    const carried = row.suites.map((suite) => {
      const numbers = suites.get(`tests/${suite}_test.ts`);
      assert.ok(numbers !== undefined, `${where}: there is no tests/${suite}_test.ts`);
      assert.ok(row.promises.some((p) => numbers.has(p)), `${where}: ${suite} carries none of ${row.promises}`);
      return numbers;
    });
    assert.deepEqual(row.promises.filter((p) => !carried.some((has) => has.has(p))), [], `${where}: in no suite of it`);
  }
});
