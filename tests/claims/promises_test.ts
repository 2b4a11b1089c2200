/** docs/THREAT_MODEL.md and the tests agree: every promise has a test with its number, every number stands for a promise. */
import assert from "node:assert/strict";
import { root, sources } from "../architecture/sources.ts";

async function promised(): Promise<Set<string>> {
  const text = await Deno.readTextFile(new URL("docs/THREAT_MODEL.md", root));
  return new Set([...text.matchAll(/^[*-] \*\*(P\d+)\*\*/gm)].map((m) => m[1]!));
}

async function tested(): Promise<Set<string>> {
  const numbers = new Set<string>();
  for await (const path of sources("tests")) {
    const text = await Deno.readTextFile(new URL(path, root));
    for (const [, name] of text.matchAll(/Deno\.test\(\s*\{?\s*(?:name:\s*)?["'`]([^"'`]+)/g)) {
      for (const [number] of name!.matchAll(/\bP\d+\b/g)) numbers.add(number);
    }
  }
  return numbers;
}

Deno.test("every promise of the threat model has a test with its number, and no test claims an unknown one", async () => {
  const [promises, tests] = [await promised(), await tested()];
  assert.ok(promises.size > 0);
  assert.deepEqual([...promises].filter((p) => !tests.has(p)), [], "promises without a test");
  assert.deepEqual([...tests].filter((p) => !promises.has(p)), [], "tests of unknown promises");
});
