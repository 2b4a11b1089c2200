import assert from "node:assert/strict";
import fc from "fast-check";
import { parseSecretName, type SecretName } from "../../../src/kernel/names.ts";
import { compare, type Relation, type RemoteVersion } from "../../../src/vault/compare.ts";
import { compareAll } from "../../../src/vault/diff.ts";
import { type LocalSecret, localSecret, type LocalState, metaOf, sameBinding } from "../../../src/vault/local_state.ts";
import { planPull, planPush } from "../../../src/vault/plan.ts";

const K = parseSecretName("K");

function here(state: LocalState, baseVersion: number): LocalSecret {
  return { name: K, state, baseVersion, binding: {} };
}

const live = (version: number): RemoteVersion => ({ version, deleted: false });
const gone = (version: number): RemoteVersion => ({ version, deleted: true });

const RELATIONS: readonly [string, LocalSecret | undefined, RemoteVersion | undefined, Relation][] = [
  ["only there", undefined, live(1), "remote_newer"],
  ["deleted there, never here", undefined, gone(2), "same"],
  ["equal", here("synced", 3), live(3), "same"],
  ["written there since", here("synced", 3), live(4), "remote_newer"],
  ["deleted there since", here("synced", 3), gone(4), "remote_newer"],
  ["written here only", here("modified", 3), live(3), "local_newer"],
  ["new here", here("modified", 0), undefined, "local_newer"],
  ["new here, long deleted there", here("modified", 0), gone(4), "local_newer"],
  ["written on both sides", here("modified", 3), live(4), "conflict"],
  ["new on both sides", here("modified", 0), live(1), "conflict"],
  ["written here, deleted there", here("modified", 3), gone(4), "conflict"],
  ["deleted here only", here("deleted", 3), live(3), "local_newer"],
  ["deleted here, written there", here("deleted", 3), live(4), "conflict"],
  ["deleted on both sides", here("deleted", 3), gone(4), "agreed_deletion"],
  ["made and deleted here", here("deleted", 0), undefined, "agreed_deletion"],
  ["an older version there", here("synced", 3), live(2), "rolled_back"],
  ["an older version there under a change", here("modified", 3), live(2), "rolled_back"],
  ["nothing there any more", here("synced", 3), undefined, "rolled_back"],
  ["nothing there under a deletion", here("deleted", 3), undefined, "rolled_back"],
  ["the same version, now a deletion", here("synced", 3), gone(3), "rolled_back"],
  ["an older deletion", here("synced", 3), gone(2), "rolled_back"],
];

for (const [what, local, remote, relation] of RELATIONS) {
  Deno.test(`compare() calls ${what} ${relation}`, () => assert.equal(compare(local, remote), relation));
}

const names = ["A", "B", "C", "D"].map(parseSecretName);
const localSide = fc.record({ state: fc.constantFrom<LocalState>("synced", "modified", "deleted"), base: fc.nat(4) })
  .filter(({ state, base }) => state !== "synced" || base > 0);
const remoteSide = fc.record({ version: fc.integer({ min: 1, max: 4 }), deleted: fc.boolean() });
const side = <T>(of: fc.Arbitrary<T>): fc.Arbitrary<Map<SecretName, T>> =>
  fc.array(fc.option(of), { minLength: 4, maxLength: 4 }).map((list) =>
    new Map(list.flatMap((item, i) => (item === null ? [] : [[names[i]!, item] as const])))
  );
const sides = fc.tuple(side(localSide), side(remoteSide)).map(([local, remote]) => ({
  local: new Map([...local].map(([name, { state, base }]) => [name, { ...here(state, base), name }] as const)),
  remote,
}));

Deno.test("planPull() without force touches nothing that was changed here", () => {
  fc.assert(fc.property(sides, ({ local, remote }) => {
    const plan = planPull(compareAll(local, remote), false);
    for (const name of [...plan.take.map((t) => t.name), ...plan.remove]) {
      const state = local.get(name)?.state;
      assert.ok(state === undefined || state === "synced", `${name} ${state}`);
    }
  }));
});

Deno.test("planPull() with force leaves no conflict and still keeps what only this machine has", () => {
  fc.assert(fc.property(sides, ({ local, remote }) => {
    const plan = planPull(compareAll(local, remote), true);
    assert.deepEqual(plan.conflicts, []);
    for (const name of plan.remove) assert.equal(remote.get(name)?.deleted, true);
    for (const name of plan.keep) assert.ok(remote.get(name)?.deleted ?? true);
  }));
});

Deno.test("planPush() without force extends exactly the version that each change was based on", () => {
  fc.assert(fc.property(sides, ({ local, remote }) => {
    const plan = planPush(compareAll(local, remote), false);
    for (const { name, after } of plan.set) {
      const there = remote.get(name);
      assert.equal(after, there?.version ?? 0);
      assert.ok(there === undefined || there.deleted || there.version === local.get(name)!.baseVersion);
    }
    for (const { name, after } of plan.remove) assert.equal(after, local.get(name)!.baseVersion);
  }));
});

Deno.test("every name of both sides is in exactly one place of a comparison", () => {
  fc.assert(fc.property(sides, ({ local, remote }) => {
    const { differences, same, agreedDeletions, rolledBack } = compareAll(local, remote);
    const placed = [...differences.map((d) => d.name), ...same, ...agreedDeletions, ...rolledBack].sort();
    const expected = [...new Set([...local.keys(), ...remote.keys()])]
      .filter((name) => local.has(name) || !remote.get(name)!.deleted).sort();
    assert.deepEqual(placed, expected);
  }));
});

Deno.test("after a forced pull and a push nothing differs", () => {
  fc.assert(fc.property(sides, ({ local, remote }) => {
    const first = compareAll(local, remote);
    fc.pre(first.rolledBack.length === 0);
    const pull = planPull(first, true);
    for (const { name } of pull.take) local.set(name, { ...here("synced", remote.get(name)!.version), name });
    for (const name of [...pull.remove, ...pull.forget]) local.delete(name);
    const push = planPush(compareAll(local, remote), false);
    assert.deepEqual(push.conflicts, []);
    for (const { name, after } of push.set) {
      remote.set(name, live(after + 1));
      local.set(name, { ...here("synced", after + 1), name });
    }
    for (const { name, after } of push.remove) {
      remote.set(name, gone(after + 1));
      local.delete(name);
    }
    assert.deepEqual(compareAll(local, remote).differences, []);
  }));
});

Deno.test("localSecret() reads back what metaOf() wrote", () => {
  const lists = fc.option(fc.array(fc.constantFrom("api.example.com", "*.x.org", "GET"), { maxLength: 3 }), {
    nil: undefined,
  });
  fc.assert(
    fc.property(localSide, lists, lists, fc.option(fc.constant("mark"), { nil: undefined }), (l, d, m, mark) => {
      const secret: LocalSecret = {
        ...here(l.state, l.base),
        binding: { ...(d && { domains: d }), ...(m && { methods: m }) },
        ...(mark && { dotenv: mark }),
      };
      assert.deepEqual(localSecret({ collection: "c", name: "K", meta: metaOf(secret) }), secret);
    }),
  );
});

Deno.test("localSecret() refuses facts that it did not write", () => {
  const bad = [
    {},
    { state: "synced" },
    { version: "1" },
    { version: "01", state: "synced" },
    {
      version: "1",
      state: "new",
    },
    { version: "-1", state: "modified" },
    { version: "0", state: "synced" },
    { version: "1e3", state: "synced" },
  ];
  for (const meta of bad) {
    assert.throws(
      () => localSecret({ collection: "c", name: "K", meta: meta as Record<string, string> }),
      { code: "vault_damaged" },
    );
  }
});

Deno.test("sameBinding() compares lists as sets and tells absent from empty", () => {
  assert.ok(sameBinding({ domains: ["a", "b"] }, { domains: ["b", "a"] }));
  assert.ok(!sameBinding({ domains: ["a"] }, { domains: ["a"], methods: ["GET"] }));
  assert.ok(!sameBinding({}, { domains: [] }));
});
