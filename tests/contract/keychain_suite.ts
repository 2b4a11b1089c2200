/**
 * What every keychain adapter promises (src/ports/keychain.ts), as cases that run against any of them: zero, one and many for
 * each method, replacing, bytes and sizes, isolation, two adapters over one store.
 */
import assert from "node:assert/strict";
import { Secret } from "../../src/kernel/secret.ts";
import type { Keychain, KeychainChange, KeychainItem, KeychainKey, KeychainMeta } from "../../src/ports/keychain.ts";

/** The adapters that a case works with. Cases share them and keep apart by collection. */
export interface KeychainFixture {
  readonly first: Keychain;
  /** Another adapter over the same store: another process, as far as the store can tell. */
  readonly second: Keychain;
  /** An adapter of another profile (another home); absent where each home has a store of its own. */
  readonly stranger?: Keychain;
  /** How many items "many" is: 1 000, fewer where the store is known to be slow. */
  readonly many: number;
}

/** One promise. */
export interface KeychainCase {
  readonly name: string;
  readonly run: (fixture: KeychainFixture, collection: string) => Promise<void>;
}

/** A change that stores `value`. */
export function put(key: KeychainKey, value: string | Uint8Array, meta: KeychainMeta = {}): KeychainChange {
  const secret = typeof value === "string" ? Secret.fromText(value) : Secret.copyOf(value);
  return { op: "put", key, meta, value: secret };
}

/** An item as plain data. */
export function plain(item: KeychainItem | undefined): { text: string; meta: KeychainMeta } | undefined {
  return item && { text: item.value.expose((bytes) => new TextDecoder().decode(bytes)), meta: item.meta };
}

async function text(keychain: Keychain, key: KeychainKey): Promise<string | undefined> {
  return plain(await keychain.get(key))?.text;
}

/** Bytes that repeat only after 251: a shifted or doubled block shows. */
function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 7 + 3) % 251);
}

const VALUES: Readonly<Record<string, Uint8Array>> = {
  "an empty value": new Uint8Array(0),
  "one byte": Uint8Array.of(120),
  "NUL bytes at the beginning, middle and end": Uint8Array.of(0, 1, 0, 0, 2, 0),
  "bytes that are not UTF-8": Uint8Array.of(0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80),
  "every byte": Uint8Array.from({ length: 256 }, (_, i) => i),
  "text in many scripts": new TextEncoder().encode("pä𐍈שלום 秘密\u0301 \u202e\n\t'\"\\"),
  "64 KiB": pattern(65_536),
};

export const KEYCHAIN_CASES: readonly KeychainCase[] = [
  {
    name: "an empty collection has no items",
    run: async ({ first }, collection) => {
      assert.equal(await first.get({ collection, name: "A" }), undefined);
      assert.deepEqual(await first.getMany(collection, ["A", "B"]), []);
      assert.deepEqual(await first.getMany(collection, []), []);
      assert.deepEqual(await first.list(collection), []);
      assert.equal((await first.collections()).includes(collection), false);
    },
  },
  {
    name: "probe says ready",
    run: async ({ first }, collection) => {
      await first.list(collection);
      assert.deepEqual(await first.probe(), { state: "ready" });
    },
  },
  {
    name: "one item comes back whole through get, getMany, list and collections",
    run: async ({ first }, collection) => {
      await first.apply([put({ collection, name: "A" }, "value", { version: "1", state: "synced" })]);
      const item = await first.get({ collection, name: "A" });
      assert.deepEqual(plain(item), { text: "value", meta: { version: "1", state: "synced" } });
      assert.deepEqual([item?.collection, item?.name], [collection, "A"]);
      assert.deepEqual((await first.getMany(collection, ["A"])).map((i) => i.name), ["A"]);
      const entries = await first.list(collection);
      assert.deepEqual(entries, [{ collection, name: "A", meta: { version: "1", state: "synced" } }]);
      assert.equal((await first.collections()).includes(collection), true);
    },
  },
  {
    name: "getMany gives each existing item once and leaves out the others",
    run: async ({ first }, collection) => {
      await first.apply(["C", "A", "B"].map((name) => put({ collection, name }, `value of ${name}`)));
      const items = await first.getMany(collection, ["B", "X", "A", "B"]);
      const found = Object.fromEntries(items.map((item) => [item.name, plain(item)?.text]));
      assert.deepEqual([items.length, found], [2, { A: "value of A", B: "value of B" }]);
    },
  },
  {
    name: "list is sorted by name and by nothing else",
    run: async ({ first }, collection) => {
      const names = ["b", "B", "_", "a1", "a", "A", "Z9", "a.b-c/d"];
      await first.apply(names.map((name) => put({ collection, name }, name)));
      assert.deepEqual((await first.list(collection)).map(({ name }) => name), names.toSorted());
    },
  },
  {
    name: "put replaces value and meta as one",
    run: async ({ first, second }, collection) => {
      const key = { collection, name: "A" };
      for (let i = 0; i < 12; i++) await first.apply([put(key, `value ${i}`, { version: `${i}`, [`only${i}`]: "x" })]);
      assert.deepEqual(plain(await second.get(key)), { text: "value 11", meta: { version: "11", only11: "x" } });
      assert.equal((await second.list(collection)).length, 1);
    },
  },
  {
    name: "remove takes away the item and only it",
    run: async ({ first, second }, collection) => {
      await first.apply([put({ collection, name: "A" }, "a"), put({ collection, name: "B" }, "b")]);
      await first.apply([{ op: "remove", key: { collection, name: "A" } }]);
      assert.equal(await second.get({ collection, name: "A" }), undefined);
      assert.deepEqual((await second.list(collection)).map(({ name }) => name), ["B"]);
      await first.apply([{ op: "remove", key: { collection, name: "B" } }]);
      assert.equal((await second.collections()).includes(collection), false);
    },
  },
  {
    name: "removing what is not there does nothing",
    run: async ({ first }, collection) => {
      await first.apply([{ op: "remove", key: { collection, name: "A" } }]);
      await first.apply([put({ collection, name: "B" }, "b"), { op: "remove", key: { collection, name: "A" } }]);
      assert.equal(await text(first, { collection, name: "B" }), "b");
    },
  },
  {
    name: "a batch is applied in order",
    run: async ({ first }, collection) => {
      const a = { collection, name: "A" }, b = { collection, name: "B" }, other = `${collection}/other`;
      await first.apply([
        put(a, "1"),
        { op: "remove", key: a },
        put(a, "2"),
        put({ collection: other, name: "A" }, "x"),
        put(b, "1"),
        put(a, "3"),
        { op: "remove", key: b },
      ]);
      assert.deepEqual([await text(first, a), await text(first, b)], ["3", undefined]);
      assert.equal(await text(first, { collection: other, name: "A" }), "x");
      await first.apply([]);
    },
  },
  {
    name: "values stay the caller's, and what is returned is independent of it",
    run: async ({ first }, collection) => {
      const key = { collection, name: "A" };
      const value = Secret.fromText("mine");
      await first.apply([{ op: "put", key, meta: {}, value }]);
      assert.equal(value.expose((bytes) => bytes.length), 4);
      value.dispose();
      (await first.get(key))?.value.dispose();
      assert.equal(await text(first, key), "mine");
    },
  },
  ...Object.entries(VALUES).map(([what, bytes]): KeychainCase => ({
    name: `${what} come${what.startsWith("NUL") || what.startsWith("bytes") ? "" : "s"} back exactly`,
    run: async ({ first, second }, collection) => {
      await first.apply([put({ collection, name: "A" }, bytes)]);
      const item = await second.get({ collection, name: "A" });
      assert.ok(item?.value.expose((found) => found.length === bytes.length && found.every((b, i) => b === bytes[i])));
      const [again] = await second.getMany(collection, ["A"]);
      assert.ok(item !== undefined && again?.value.equals(item.value));
    },
  })),
  {
    name: "meta keeps every text exactly",
    run: async ({ first, second }, collection) => {
      const meta = {
        "": "empty key",
        empty: "",
        quotes: "'\"\\",
        control: "\0\n\x1f",
        scripts: "秘密 𐍈",
        __proto: "p",
        "9": "n",
      };
      await first.apply([put({ collection, name: "A" }, "a", meta)]);
      assert.deepEqual(plain(await second.get({ collection, name: "A" }))?.meta, meta);
      assert.deepEqual((await second.list(collection))[0]?.meta, meta);
    },
  },
  {
    name: "keys of every allowed character and length are kept apart",
    run: async ({ first }, collection) => {
      const printable = String.fromCharCode(...Array.from({ length: 94 }, (_, i) => 0x21 + i));
      const names = [printable, "x".repeat(512), "x".repeat(511), "'", "\\", "\\'", "*", "%25", "A=B"];
      const odd = `${collection}/${printable}`;
      await first.apply(names.map((name) => put({ collection: odd, name }, name)));
      assert.deepEqual((await first.list(odd)).map(({ name }) => name), names.toSorted());
      for (const name of names) assert.equal(await text(first, { collection: odd, name }), name);
    },
  },
  {
    name: "a key that the port does not allow is a TypeError and changes nothing",
    run: async ({ first }, collection) => {
      for (const name of ["", " ", "a b", "ä", "a\0", "a\n", "x".repeat(513)]) {
        await assert.rejects(async () => first.get({ collection, name }), TypeError);
        await assert.rejects(async () => first.getMany(collection, ["A", name]), TypeError);
        const batch = [put({ collection, name: "A" }, "a"), put({ collection, name }, "x")];
        await assert.rejects(async () => first.apply(batch), TypeError);
      }
      await assert.rejects(async () => first.list("a b"), TypeError);
      assert.deepEqual(await first.list(collection), []);
    },
  },
  {
    name: "collections do not see each other, not even as prefixes",
    run: async ({ first }, collection) => {
      const nested = [collection, `${collection}/a`, `${collection}/a/b`, `${collection}a`];
      await first.apply(nested.map((c) => put({ collection: c, name: "A" }, c)));
      for (const c of nested) {
        assert.equal(await text(first, { collection: c, name: "A" }), c);
        assert.equal((await first.list(c)).length, 1);
      }
      await first.apply([{ op: "remove", key: { collection, name: "A" } }]);
      assert.deepEqual((await first.collections()).filter((c) => c.startsWith(collection)), nested.slice(1).toSorted());
    },
  },
  {
    name: "another home's items are neither seen nor changed",
    run: async ({ first, stranger }, collection) => {
      if (stranger === undefined) return;
      const key = { collection, name: "A" };
      await first.apply([put(key, "mine")]);
      assert.deepEqual([await stranger.get(key), await stranger.list(collection)], [undefined, []]);
      assert.equal((await stranger.collections()).includes(collection), false);
      await stranger.apply([put(key, "theirs")]);
      assert.deepEqual([await text(first, key), await text(stranger, key)], ["mine", "theirs"]);
      await stranger.apply([{ op: "remove", key }]);
      assert.equal(await text(first, key), "mine");
    },
  },
  {
    name: "what one adapter wrote, another reads at once",
    run: async ({ first, second }, collection) => {
      const key = { collection, name: "A" };
      for (let i = 0; i < 5; i++) {
        await first.apply([put(key, `first ${i}`)]);
        assert.equal(await text(second, key), `first ${i}`);
        await second.apply([put(key, `second ${i}`)]);
        assert.equal(await text(first, key), `second ${i}`);
      }
    },
  },
  {
    name: "two adapters that write different items at once lose none",
    run: async ({ first, second }, collection) => {
      const write = async (keychain: Keychain, prefix: string): Promise<void> => {
        for (let i = 0; i < 10; i++) await keychain.apply([put({ collection, name: `${prefix}${i}` }, prefix)]);
      };
      await Promise.all([write(first, "A"), write(second, "B"), write(first, "C")]);
      assert.equal((await first.list(collection)).length, 30);
    },
  },
  {
    name: "two adapters that replace the same item at once leave one whole value, and readers never see none",
    run: async ({ first, second }, collection) => {
      const key = { collection, name: "A" };
      await first.apply([put(key, "start 0", { v: "start 0" })]);
      let writing = true;
      const write = async (keychain: Keychain, who: string): Promise<void> => {
        for (let i = 0; i < 15; i++) await keychain.apply([put(key, `${who} ${i}`, { v: `${who} ${i}` })]);
      };
      const read = async (keychain: Keychain): Promise<void> => {
        while (writing) {
          const item = plain(await keychain.get(key));
          assert.ok(item !== undefined && item.text === item.meta.v);
        }
      };
      const writers = Promise.all([write(first, "first"), write(second, "second")]).finally(() => writing = false);
      await Promise.all([writers, read(first), read(second)]);
      const last = plain(await first.get(key));
      assert.deepEqual(last, plain(await second.get(key)));
      assert.match(last?.text ?? "", /^(first|second) 14$/);
      await first.apply([put(key, "end")]);
      assert.deepEqual([await text(second, key), (await second.list(collection)).length], ["end", 1]);
    },
  },
  {
    name: "many items are stored, listed, read and removed",
    run: async ({ first, second, many }, collection) => {
      const names = Array.from({ length: many }, (_, i) => `KEY_${String(i).padStart(5, "0")}`);
      await first.apply(names.map((name) => put({ collection, name }, `value of ${name}`, { version: "1" })));
      assert.deepEqual((await second.list(collection)).map(({ name }) => name), names);
      const items = await second.getMany(collection, names);
      assert.equal(items.length, many);
      for (const item of items) assert.equal(plain(item)?.text, `value of ${item.name}`);
      const gone = names.filter((_, i) => i % 2 === 0);
      await first.apply(gone.map((name) => ({ op: "remove", key: { collection, name } })));
      assert.equal((await second.list(collection)).length, many - gone.length);
      assert.deepEqual((await second.getMany(collection, names.slice(0, 4))).map(({ name }) => name).sort(), [
        names[1],
        names[3],
      ]);
    },
  },
  {
    name: "an aborted signal rejects with its reason and changes nothing",
    run: async ({ first }, collection) => {
      const signal = AbortSignal.abort(new Error("enough"));
      const key = { collection, name: "A" };
      await assert.rejects(async () => first.get(key, signal), /enough/);
      await assert.rejects(async () => first.getMany(collection, ["A"], signal), /enough/);
      await assert.rejects(async () => first.list(collection, signal), /enough/);
      await assert.rejects(async () => first.collections(signal), /enough/);
      await assert.rejects(async () => first.apply([put(key, "a")], signal), /enough/);
      assert.equal(await first.get(key), undefined);
    },
  },
];
