import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeMeta, encodeMeta } from "../../../../src/adapters/keychain/key.ts";
import {
  isSame,
  newAttributes,
  newest,
  nextRev,
  readRevision,
  type Revision,
} from "../../../../src/adapters/keychain/secret_service/revision.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const KEY = { collection: "w/p/e", name: "A" };

function revision(part: Partial<Revision>): Revision {
  return { ...KEY, path: "/1", rev: "", meta: {}, ...part };
}

Deno.test("a stored revision reads back as what was stored", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" })), (meta) => {
      const rev = nextRev([], seededRandom());
      const attributes = new Map(Object.entries(newAttributes("p", KEY, rev, meta)));
      const read = readRevision("p", "/1", attributes);
      assert.deepEqual(read, { ...KEY, path: "/1", rev, meta: { ...meta } });
    }),
  );
});

Deno.test("nextRev() is greater than all before, differs between two writers, and follows items without one", () => {
  const random = seededRandom();
  let revisions = [revision({})];
  for (let i = 1; i <= 20; i++) {
    const [a, b] = [nextRev(revisions, random), nextRev(revisions, random)];
    assert.notEqual(a, b);
    assert.ok(revisions.every(({ rev }) => rev < a && rev < b));
    assert.match(a, new RegExp(`^${String(i).padStart(12, "0")}-[0-9a-f]{16}$`));
    revisions = [revision({ rev: a }), revision({ rev: b })];
  }
});

Deno.test("newest() takes one revision a name, the same whatever the order", () => {
  const revs = ["", "000000000001-00", "000000000002-aa", "000000000002-ab"];
  const all = ["A", "B", "a"].flatMap((name) => revs.map((rev, i) => revision({ name, rev, path: `/${i}` })));
  fc.assert(fc.property(fc.shuffledSubarray(all, { minLength: all.length }), (shuffled) => {
    assert.deepEqual(newest(shuffled).map(({ name, rev }) => [name, rev]), [
      ["A", "000000000002-ab"],
      ["B", "000000000002-ab"],
      ["a", "000000000002-ab"],
    ]);
  }));
});

Deno.test("items that are not ours are none; ours with attributes that were changed are refused", () => {
  const good = newAttributes("p", KEY, "000000000001-0123456789abcdef", {});
  const read = (change: Record<string, string | undefined>): Revision | undefined => {
    const entries = Object.entries({ ...good, ...change }).filter((e): e is [string, string] => e[1] !== undefined);
    return readRevision("p", "/1", new Map(entries));
  };
  for (const change of [{ application: "x" }, { profile: "q" }, { name: undefined }, { collection: undefined }]) {
    assert.equal(read(change), undefined);
  }
  for (const change of [{ meta: "" }, { meta: "[]" }, { meta: "null" }, { meta: '{"a":1}' }, { rev: "1" }]) {
    assert.throws(() => read(change), (error) => isAppError(error, "vault_damaged"), JSON.stringify(change));
  }
  assert.deepEqual(read({ rev: undefined, meta: undefined }), revision({}));
});

Deno.test("isSame() holds for one revision at one path only", () => {
  const a = revision({ rev: "000000000001-00" });
  assert.equal(isSame(a, { ...a, meta: { changed: "yes" } }), true);
  for (const b of [undefined, { ...a, rev: "000000000001-01" }, { ...a, path: "/2" }, { ...a, name: "B" }]) {
    assert.equal(isSame(a, b), false);
  }
});

Deno.test("encodeMeta() sorts its keys and refuses what would not come back", () => {
  assert.equal(encodeMeta({ b: "2", a: "1" }), '{"a":"1","b":"2"}');
  assert.deepEqual(decodeMeta(encodeMeta({ a: "\0'" })), { a: "\0'" });
  for (const meta of [{ a: "\ud800" }, { "\udc00": "a" }, { a: "x".repeat(17_000) }]) {
    assert.throws(() => encodeMeta(meta), TypeError);
  }
});
