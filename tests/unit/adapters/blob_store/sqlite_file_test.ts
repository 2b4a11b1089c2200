import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type Migration, MIGRATIONS } from "../../../../src/adapters/blob_store/migrations.ts";
import { SqliteBlobStore, type SqliteBlobStoreOptions } from "../../../../src/adapters/blob_store/sqlite.ts";
import { openSqliteFile } from "../../../../src/adapters/blob_store/sqlite_file.ts";
import { SystemClock } from "../../../../src/adapters/clock/system.ts";
import { type AppError, isAppError } from "../../../../src/kernel/error.ts";
import { testAlone } from "../../../support/alone.ts";
import { FakeClock } from "../../../support/fake_clock.ts";
import { onSmallDisk } from "../../../support/small_disk.ts";

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  open(options?: Partial<SqliteBlobStoreOptions>): Promise<SqliteBlobStore>;
  /** Opens, writes a little, closes. */
  fill(): Promise<void>;
  names(): string[];
}

async function place(): Promise<Place> {
  const folder = await Deno.makeTempDir(), path = `${folder}/server.db`;
  const open: Place["open"] = (options) => {
    return SqliteBlobStore.open({ path, suffix: "t", clock: new FakeClock(), ...options });
  };
  return {
    folder,
    path,
    open,
    fill: async () => {
      const store = await open();
      await store.write(async (tx) => {
        for (let i = 0; i < 50; i++) await tx.insertChallenge(`c${i}`, new Uint8Array(2000), 1);
      });
      await store.close();
    },
    names: () => [...Deno.readDirSync(folder)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

async function refusal(at: Place, options?: Partial<SqliteBlobStoreOptions>): Promise<string> {
  try {
    const store = await at.open(options);
    await store.close();
    return "opened";
  } catch (error) {
    assert.ok(isAppError(error), String(error));
    return `${error.code}: ${error.fields["reason"] ?? ""}`;
  }
}

testAlone(import.meta.url, {
  name: "a new database, its log and its index are readable by their owner only, whatever the umask",
  fn: async () => {
    await using at = await place();
    const before = Deno.umask(0);
    try {
      const store = await at.open();
      await store.write((tx) => tx.insertChallenge("c", new Uint8Array(1), 1));
      assert.deepEqual(at.names(), ["server.db", "server.db-shm", "server.db-wal"]);
      for (const name of at.names()) assert.equal(Deno.statSync(`${at.folder}/${name}`).mode! & 0o777, 0o600, name);
      await store.close();
    } finally {
      Deno.umask(before);
    }
  },
});

Deno.test("a database that others may read is closed to them when it is opened", async () => {
  await using at = await place();
  await at.fill();
  await Deno.chmod(at.path, 0o644);
  await (await at.open()).close();
  assert.equal(Deno.statSync(at.path).mode! & 0o777, 0o600);
});

Deno.test("durability is on: WAL, synchronous FULL, foreign keys, and the schema is strict", async () => {
  await using at = await place();
  const db = openSqliteFile({ path: at.path, suffix: "t", nowMs: 0 });
  assert.equal(db.prepare("PRAGMA journal_mode").get()!["journal_mode"], "wal");
  assert.equal(db.prepare("PRAGMA synchronous").get()!["synchronous"], 2);
  assert.equal(db.prepare("PRAGMA foreign_keys").get()!["foreign_keys"], 1);
  const tables = db.prepare("SELECT name FROM pragma_table_list WHERE type = 'table' AND strict = 0").all();
  assert.deepEqual(tables.map(({ name }) => name).filter((name) => !String(name).startsWith("sqlite_")), []);
  db.close();
});

Deno.test("P26 a file that is not a database, empty, truncated, foreign or no file is refused and left as it is", async () => {
  const damages: readonly (readonly [string, RegExp, (at: Place) => Promise<void>])[] = [
    ["text", /^database_damaged: it is not a database$/, (at) => Deno.writeTextFile(at.path, "hello ".repeat(1000))],
    ["empty", /^database_damaged: it is empty$/, (at) => Deno.truncate(at.path, 0)],
    ["one byte", /^database_damaged: /, (at) => Deno.truncate(at.path, 1)],
    ["header only", /^database_damaged: /, (at) => Deno.truncate(at.path, 100)],
    ["one page", /^database_damaged: its contents are malformed$/, (at) => Deno.truncate(at.path, 4096)],
    ["half", /^database_damaged: its contents are malformed$/, async (at) => {
      await Deno.truncate(at.path, Math.floor(Deno.statSync(at.path).size / 8192) * 4096);
    }],
    ["zeroed", /^database_damaged: /, (at) => Deno.writeFile(at.path, new Uint8Array(Deno.statSync(at.path).size))],
    ["foreign", /^database_damaged: it belongs to another program$/, async (at) => {
      await Deno.remove(at.path);
      const db = new DatabaseSync(at.path);
      db.exec("CREATE TABLE cookies (a); PRAGMA user_version = 1");
      db.close();
    }],
    ["schema changed", /^database_damaged: /, async (at) => {
      const db = new DatabaseSync(at.path);
      db.exec("UPDATE migration SET checksum = 'x'");
      db.close();
      await Promise.resolve();
    }],
    ["no history", /^database_damaged: /, async (at) => {
      const db = new DatabaseSync(at.path);
      db.exec("DROP TABLE migration");
      db.close();
      await Promise.resolve();
    }],
    ["a folder", /^database_damaged: it is not a file$/, async (at) => {
      await Deno.remove(at.path);
      await Deno.mkdir(at.path);
    }],
    ["a link", /^database_damaged: it is not a file$/, async (at) => {
      await Deno.rename(at.path, `${at.path}.moved`);
      await Deno.symlink(`${at.path}.moved`, at.path);
    }],
  ];
  for (const [name, expected, damage] of damages) {
    await using at = await place();
    await at.fill();
    await damage(at);
    const isFile = (await Deno.lstat(at.path)).isFile;
    const before = isFile ? await Deno.readFile(at.path) : undefined;
    assert.match(await refusal(at), expected, name);
    if (isFile) assert.deepEqual(await Deno.readFile(at.path), before, name);
  }
});

Deno.test("damage inside a page is found when it is read, as damage", async () => {
  await using at = await place();
  await at.fill();
  const bytes = await Deno.readFile(at.path);
  bytes.fill(0xff, 4096);
  await Deno.writeFile(at.path, bytes);
  const outcome = await at.open().then(
    (store) =>
      store.read((tx) => tx.entries({ kind: "account", id: "u" }, 0, { entries: 9, bytes: 9 })).finally(() =>
        store.close()
      ),
  ).then(() => "read", (error) => isAppError(error) ? error.code : String(error));
  assert.equal(outcome, "database_damaged");
});

Deno.test("a database that must be there is not made anew when it is missing", async () => {
  await using at = await place();
  assert.equal(await refusal(at, { mustExist: true }), "database_damaged: it is missing");
  assert.deepEqual(at.names(), []);
});

Deno.test("a folder that is missing or read-only is said to be so", async () => {
  await using at = await place();
  assert.equal(
    await refusal(at, { path: `${at.folder}/none/server.db` }),
    "file_unwritable: its folder does not exist",
  );
});

const SECOND: Migration = { version: 2, name: "second", sqlite: "CREATE TABLE extra (a INTEGER PRIMARY KEY) STRICT;" };

Deno.test("a database of an older version is brought forward once and keeps its data", async () => {
  await using at = await place();
  await at.fill();
  const migrations = [...MIGRATIONS, SECOND];
  for (let i = 0; i < 2; i++) {
    const db = openSqliteFile({ path: at.path, suffix: "t", nowMs: 5, migrations });
    assert.equal(db.prepare("SELECT count(*) AS n FROM challenge").get()!["n"], 50);
    assert.equal(db.prepare("SELECT count(*) AS n FROM migration").get()!["n"], 2);
    db.close();
  }
});

Deno.test("a step that fails leaves the version before it", async () => {
  await using at = await place();
  await at.fill();
  const broken = { ...SECOND, sqlite: `${SECOND.sqlite} CREATE TABLE account (a);` };
  const again = { path: at.path, suffix: "t", nowMs: 5, migrations: [...MIGRATIONS, broken] };
  assert.throws(() => openSqliteFile(again), /table account already exists/);
  await (await at.open()).close();
});

Deno.test("a database of a newer program is refused as such, not as damage", async () => {
  await using at = await place();
  openSqliteFile({ path: at.path, suffix: "t", nowMs: 0, migrations: [...MIGRATIONS, SECOND] }).close();
  assert.match(await refusal(at), /^unsupported_format/);
});

Deno.test("a process that died while making the database leaves nothing that counts, and its rest is removed", async () => {
  await using at = await place();
  await Deno.writeTextFile(`${at.path}.new-dead`, "half");
  await Deno.utime(`${at.path}.new-dead`, 1, 1);
  await Deno.writeTextFile(`${at.path}.new-alive`, "half");
  await Deno.utime(`${at.path}.new-alive`, new Date(), new Date());
  await (await at.open({ clock: new SystemClock() })).close();
  assert.deepEqual(at.names(), ["server.db", "server.db.new-alive"]);
});

Deno.test("another process that holds the database is waited for, then it is busy", async () => {
  await using at = await place();
  const store = await at.open({ clock: new SystemClock(), busyTimeoutMs: 120 });
  const holder = new DatabaseSync(at.path);
  holder.exec("BEGIN IMMEDIATE");
  const write = (): Promise<void> => store.write((tx) => tx.insertChallenge("c", new Uint8Array(1), 1));
  await assert.rejects(write(), { code: "database_busy" });
  assert.equal(await store.read((tx) => tx.head({ kind: "account", id: "u" })), null, "readers do not wait");
  const waiting = write();
  holder.exec("COMMIT");
  await waiting;
  holder.close();
  await store.close();
});

/** Writes until it fails; gives the failure and how many writes were acknowledged. */
async function writeUntilFull(store: SqliteBlobStore): Promise<{ readonly error: unknown; readonly written: number }> {
  for (let written = 0;; written++) {
    try {
      await store.write((tx) => tx.insertChallenge(`full${written}`, new Uint8Array(50_000), 10));
    } catch (error) {
      return { error, written };
    }
  }
}

async function checkFull(path: string, maxPages?: number): Promise<void> {
  const limit = maxPages === undefined ? {} : { maxPages };
  const store = await SqliteBlobStore.open({ path, suffix: "t", clock: new FakeClock(), ...limit });
  const { error, written } = await writeUntilFull(store);
  assert.ok(isAppError(error, "disk_full"), String(error));
  assert.ok(written > 0);
  const take = (n: number): Promise<unknown> => store.write((tx) => tx.takeChallenge(`full${n}`, 0));
  assert.notEqual(await take(0), undefined, "what was acknowledged is there, and space can be freed");
  assert.equal(await store.read((tx) => tx.head({ kind: "account", id: "u" })), null);
  await store.close();
  const db = new DatabaseSync(path);
  assert.equal(db.prepare("PRAGMA integrity_check").get()!["integrity_check"], "ok");
  assert.equal(db.prepare("SELECT count(*) AS n FROM challenge").get()!["n"], written - 1);
  db.close();
}

Deno.test("a full database says so, the write is undone, and what was there stays good", async () => {
  await using at = await place();
  await (await at.open()).close();
  await checkFull(at.path, 200);
});

Deno.test(
  "a full disk says so, the write is undone, and what was there stays good",
  onSmallDisk(2048, async (disk) => {
    await using at = await place();
    const path = disk.at("server.db");
    await (await at.open({ path })).close();
    await checkFull(path);
  }),
);

Deno.test("a read-only database file is said to be unwritable", { ignore: Deno.uid() === 0 }, async () => {
  await using at = await place();
  await at.fill();
  await Deno.chmod(at.path, 0o400);
  assert.match(await refusal(at), /^file_unwritable/);
});

/** How opening the database at `path` for a write is refused. */
async function refusedWrite(path: string): Promise<AppError> {
  const open = async (): Promise<void> => {
    const store = await SqliteBlobStore.open({ path, suffix: "t", clock: new FakeClock() });
    await store.write((tx) => tx.insertChallenge("c", new Uint8Array(64 * 1024), 1)).finally(() => store.close());
  };
  return await open().then(() => assert.fail("it was written"), (error: AppError) => error);
}

Deno.test(
  "a full disk and a read-only one are called so, also where SQLite only knows of an error or that it cannot open a file",
  onSmallDisk(1024, async (disk) => {
    const path = disk.at("server.db");
    await (await SqliteBlobStore.open({ path, suffix: "t", clock: new FakeClock() })).close();
    await disk.fill("filler");
    const full = await refusedWrite(path);
    assert.equal(full.code, "disk_full", full.message);
    await Deno.remove(disk.at("filler"));
    await disk.freeze();
    const frozen = await refusedWrite(path);
    assert.equal(frozen.message, `Cannot write ${path}: the file system is read-only`);
  }),
);
