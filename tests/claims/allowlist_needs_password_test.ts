/**
 * Claim: whoever has the person's files, keychain, session and device key, but not the password, cannot widen the allowlist.
 *
 * Every file is edited, every row and column of the database, every item of the keychain; then entries are forged with every
 * key an attacker can hold. What the engine reads (`openWorkspace`) is each time a refusal or exactly what A signed.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { systemRandom } from "../../src/adapters/random/system.ts";
import type { SignedEntry } from "../../src/contract/entry_fields.ts";
import { createAccount } from "../../src/crypto/account_creation.ts";
import { SigningKey } from "../../src/crypto/keys.ts";
import { type SignedBody, signEntry } from "../../src/crypto/sign_entry.ts";
import { fromBase64Url, toBase64Url } from "../../src/kernel/encoding.ts";
import { type AppError, isAppError } from "../../src/kernel/error.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { authorOf, buildAccountEntry, buildWorkspaceEntry } from "../../src/ledger/build_entry.ts";
import { addAllowlistEntries, removeAllowlistEntries } from "../../src/usecases/change_allowlist.ts";
import { createProject } from "../../src/usecases/create_project.ts";
import { encodeKeyset, passwordBlobs } from "../../src/usecases/credential_blobs.ts";
import { openWorkspace } from "../../src/usecases/open_workspace.ts";
import { type CreatedAccount, initWorld, typing, World } from "../support/world.ts";

const SIGNED = ["api.stripe.com"];
const EVIL = "evil.example.com";

/** What the engine would get: the rules, or why it gets none. */
async function read(world: World): Promise<readonly string[] | AppError> {
  const fresh = world.again();
  try {
    using workspace = await openWorkspace(fresh);
    return workspace.allowlist.rules;
  } catch (error) {
    assert.ok(isAppError(error), `${error}`);
    return error;
  } finally {
    await fresh.closeServer();
  }
}

/** Asserts the claim and tells the outcome: `unaffected`, or the refusal's exit number. */
async function judge(world: World, what: string): Promise<"unaffected" | number> {
  const outcome = await read(world);
  if (!(outcome instanceof Error)) {
    assert.deepEqual(outcome, SIGNED, what);
    return "unaffected";
  }
  assert.notEqual(outcome.code, "internal", `${what}: ${outcome.cause}`);
  return outcome.exit;
}

async function refused(world: World, what: string): Promise<void> {
  assert.equal(await judge(world, what), 8, what);
}

/** The home's files at rest, to be put back after each attack. */
class Rest {
  readonly #files = new Map<string, Uint8Array>();
  private constructor(readonly world: World) {}

  static async of(world: World): Promise<Rest> {
    await world.closeServer();
    const rest = new Rest(world);
    for (const path of [world.places.database, world.places.config, projectFile(world)]) {
      rest.#files.set(path, await Deno.readFile(path));
    }
    return rest;
  }

  async restore(): Promise<void> {
    for (const suffix of ["-wal", "-shm"]) {
      await Deno.remove(this.world.places.database + suffix).catch(() => {});
    }
    for (const [path, bytes] of this.#files) await Deno.writeFile(path, bytes);
  }
}

const projectFile = (world: World): string => `${world.workingFolder}/.agentsecrets/project.json`;

function edit(world: World, change: (database: DatabaseSync) => void): void {
  const database = new DatabaseSync(world.places.database);
  try {
    database.exec("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = OFF;");
    change(database);
  } finally {
    database.close();
  }
}

interface Row {
  readonly table: string;
  readonly key: Readonly<Record<string, SQLInputValue>>;
  readonly values: Readonly<Record<string, SQLInputValue>>;
}

function everyRow(world: World): Row[] {
  const rows: Row[] = [];
  edit(world, (database) => {
    const tables = database.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'");
    for (const { name } of tables.all() as { name: string }[]) {
      const columns = database.prepare(`PRAGMA table_info(${name})`).all() as { name: string; pk: number }[];
      const key = columns.filter(({ pk }) => pk > 0).map((column) => column.name);
      for (const values of database.prepare(`SELECT * FROM ${name}`).all()) {
        const named = key.length === 0 ? columns.map((column) => column.name) : key;
        rows.push({ table: name, key: Object.fromEntries(named.map((k) => [k, values[k]!])), values });
      }
    }
  });
  return rows;
}

const where = (row: Row): string => Object.keys(row.key).map((name) => `${name} IS ?`).join(" AND ");

/** Another value of the same type: one bit, one character, one more. */
function altered(value: SQLInputValue): SQLInputValue {
  if (value instanceof Uint8Array) {
    const bytes = value.slice();
    const at = Math.floor(bytes.length / 2);
    bytes[at] = bytes[at]! ^ 1;
    return bytes;
  }
  if (typeof value === "string") {
    const at = Math.floor(value.length / 2);
    return value.slice(0, at) + (value[at] === "a" ? "b" : "a") + value.slice(at + 1);
  }
  return typeof value === "bigint" ? value + 1n : Number(value ?? 0) + 1;
}

async function eachRest(world: World, attack: (rest: Rest) => Promise<void>): Promise<void> {
  const rest = await Rest.of(world);
  try {
    await attack(rest);
  } finally {
    await rest.restore();
  }
}

/** Appends entries to a log in the database, with all its bookkeeping right: only the signatures can tell. */
function plant(world: World, kind: "account" | "workspace", id: string, entries: readonly SignedEntry[]): void {
  edit(world, (database) => {
    for (const entry of entries) {
      const body = fromBase64Url(entry.body)!;
      const { seq } = JSON.parse(new TextDecoder().decode(body)) as { seq: number };
      const hash = toBase64Url(new Uint8Array(hashOf(body)));
      database.prepare("INSERT INTO entry (kind, id, seq, hash, type, body, sigs) VALUES (?, ?, ?, ?, ?, ?, ?)")
        .run(kind, id, seq, hash, entry.type, body, JSON.stringify(entry.sigs));
      database.prepare("UPDATE chain SET seq = ?, hash = ? WHERE kind = ? AND id = ?").run(seq, hash, kind, id);
    }
  });
}

const hashOf = (body: Uint8Array): Uint8Array => createHash("sha256").update(body).digest();

Deno.test("P5 without the password nothing widens the allowlist", async (t) => {
  await using world = await World.make();
  const made: CreatedAccount = await initWorld(world);
  await createProject(world, { name: "my-app" });
  await addAllowlistEntries(world, { entries: SIGNED, password: typing() });
  await world.closeServer();

  await t.step("unharmed, the engine reads what was signed", async () => {
    assert.equal(await judge(world, "nothing"), "unaffected");
  });

  await t.step("every column of every row, altered", async () => {
    await eachRest(world, async (rest) => {
      const rows = everyRow(world);
      const tables = new Set(rows.map(({ table }) => table));
      for (const needed of ["account", "entry", "chain", "session", "sealed_grant", "member", "pins"]) {
        assert.ok(tables.has(needed), needed);
      }
      for (const row of rows) {
        for (const [column, value] of Object.entries(row.values)) {
          edit(world, (database) => {
            try {
              database.prepare(`UPDATE ${row.table} SET ${column} = ? WHERE ${where(row)}`)
                .run(altered(value), ...Object.values(row.key));
            } catch { /* a value that SQLite itself refuses */ }
          });
          const outcome = await judge(world, `${row.table}.${column}`);
          const signed = row.table === "entry" && ["type", "body", "sigs"].includes(column);
          if (signed) assert.equal(outcome, 8, `${row.table}.${column} of entry ${row.values["seq"]}`);
          await rest.restore();
        }
      }
    });
  });

  await t.step("every row, removed", async () => {
    await eachRest(world, async (rest) => {
      for (const row of everyRow(world)) {
        edit(world, (database) => {
          database.prepare(`DELETE FROM ${row.table} WHERE ${where(row)}`).run(...Object.values(row.key));
        });
        await judge(world, `a row of ${row.table}, removed`);
        await rest.restore();
      }
    });
  });

  await t.step("every fact of config.json and project.json, altered", async () => {
    await eachRest(world, async (rest) => {
      for (const path of [world.places.config, projectFile(world)]) {
        const text = await Deno.readTextFile(path);
        const strings = [...text.matchAll(/: "([^"]+)"/g)].map(([, value]) => value!);
        assert.ok(strings.length >= 5);
        for (const value of strings) {
          await Deno.writeTextFile(path, text.replace(`"${value}"`, `"${String(altered(value))}"`));
          await judge(world, `${path}: ${value}`);
        }
        for (let at = 0; at < text.length; at += 7) {
          await Deno.writeTextFile(path, text.slice(0, at));
          await judge(world, `${path} cut at ${at}`);
        }
        await rest.restore();
      }
    });
  });

  await t.step("every item of the keychain, altered and removed", async () => {
    const keychain = await world.keychain();
    const collections = await keychain.collections();
    for (const needed of ["device", "pins"]) assert.ok(collections.includes(needed), needed);
    for (const collection of collections) {
      for (const { name, meta } of await keychain.list(collection)) {
        const key = { collection, name };
        using value = (await keychain.get(key))!.value;
        using wrong = Secret.take(value.expose((bytes) => altered(bytes) as Uint8Array));
        await keychain.apply([{ op: "put", key, meta, value: wrong }]);
        await judge(world, `${collection}/${name}, altered`);
        await keychain.apply([{ op: "remove", key }]);
        const outcome = await judge(world, `${collection}/${name}, removed`);
        if (collection === "pins") assert.equal(outcome, 8, "without pins nothing is trusted");
        await keychain.apply([{ op: "put", key, meta, value }]);
      }
    }
    assert.equal(await judge(world, "put back"), "unaffected");
  });

  await t.step("an allowlist signed by the device, or by a key of the attacker's, put into the database", async () => {
    using workspace = await openWorkspace(world);
    await world.closeServer();
    const { state, account, device } = workspace;
    using stranger = SigningKey.generate(systemRandom);
    const payload = { version: 2, scope: "workspace" as const, rules: [...SIGNED, EVIL] };
    const now = world.clock.now();
    const forged = (claimed: SigningKey, ...signers: SigningKey[]): SignedBody =>
      signEntry(
        buildWorkspaceEntry(state, authorOf(account, claimed.publicKeyText), "allowlist.set", payload, now),
        ...signers,
      );
    const admin = { publicKeyText: account.signingKeys[0]!.value } as SigningKey;
    const attempts = {
      "signed by D": forged(device.deviceKey, device.deviceKey),
      "signed by a stranger": forged(stranger, stranger),
      "claiming A, signed by D": forged(admin, device.deviceKey),
      "claiming A, signed by a stranger": forged(admin, stranger),
      "claiming A, with A's name on D's signature": {
        ...forged(admin, device.deviceKey),
        sigs: [{ key: admin.publicKeyText, sig: forged(admin, device.deviceKey).sigs[0]!.sig }],
      },
    };
    for (const [what, entry] of Object.entries(attempts)) {
      await eachRest(world, async () => {
        plant(world, "workspace", state.id, [entry]);
        await refused(world, what);
      });
    }
  });

  await t.step("the server, too, refuses it from a session without the password", async () => {
    using workspace = await openWorkspace(world);
    const { state, account, device, client } = workspace;
    const payload = { version: 2, scope: "workspace" as const, rules: [EVIL] };
    const author = authorOf(account, device.deviceKey.publicKeyText);
    const entry = signEntry(buildWorkspaceEntry(state, author, "allowlist.set", payload, 1), device.deviceKey);
    const sent = client.appendWorkspaceLog(state.id, state.head.seq, { entries: [entry], grants: [], blobs: [] });
    await assert.rejects(sent, (error) => isAppError(error, "password_required"));
    await world.closeServer();
    assert.equal(await judge(world, "through the API"), "unaffected");
  });

  await t.step("a signed allowlist with other rules, or the type of another entry", async () => {
    await eachRest(world, async (rest) => {
      const update = (sql: string, what: string): Promise<void> => {
        edit(world, (database) => void database.prepare(sql).run());
        return refused(world, what).then(() => rest.restore());
      };
      const rules = "body = CAST(replace(CAST(body AS TEXT), 'api.stripe.com', 'api.stripf.com') AS BLOB)";
      await update(`UPDATE entry SET ${rules} WHERE type = 'allowlist.set'`, "other rules");
      await update("UPDATE entry SET type = 'policy.set' WHERE type = 'allowlist.set'", "another type");
      await update("DELETE FROM entry WHERE type = 'allowlist.set'", "the allowlist left out");
      const last = "(SELECT max(seq) FROM entry WHERE kind = 'workspace')";
      await update(`DELETE FROM entry WHERE kind = 'workspace' AND seq = ${last}`, "the last entry left out");
    });
  });

  await t.step("a new A, or another account, put into the account log", async () => {
    using workspace = await openWorkspace(world);
    await world.closeServer();
    const { account, device } = workspace;
    using evil = SigningKey.generate(systemRandom);
    const rotate = buildAccountEntry(account, "admin.rotate", { sig_pk: evil.publicKeyText }, 1);
    const device2 = {
      device_id: `d_${"a".repeat(16)}` as typeof device.deviceId,
      sig_pk: evil.publicKeyText,
      label: "x",
    };
    const added = buildAccountEntry(account, "device.add", device2, 1);
    for (const entry of [rotate, added]) {
      for (const signers of [[evil], [device.deviceKey, evil], [device.deviceKey]]) {
        await eachRest(world, async () => {
          plant(world, "account", account.userId, [signEntry(entry, ...signers)]);
          await refused(world, `${entry.type} signed without A`);
        });
      }
    }
    using password = Secret.fromText("the attacker's own password");
    using other = await createAccount({ password, deviceLabel: "x", now: 1 }, systemRandom);
    await eachRest(world, async () => {
      edit(world, (database) => void database.prepare("DELETE FROM entry WHERE kind = 'account'").run());
      plant(world, "account", account.userId, [other.genesis, other.deviceAdd]);
      await refused(world, "another account's log");
    });
  });

  await t.step("wraps and login key of the attacker's own, so that an own password is accepted", async () => {
    using password = Secret.fromText("the attacker's own password");
    using other = await createAccount({ password, deviceLabel: "x", now: 1 }, systemRandom);
    const keychain = await world.keychain();
    const key = { collection: "device", name: "account-key" };
    using ours = (await keychain.get(key))!.value;
    await eachRest(world, async () => {
      const { ak_id, login_pk, wrap_pw } = passwordBlobs(other.passwordCredentials);
      edit(world, (database) => {
        database.prepare("UPDATE account SET ak_id = ?, login_pk = ?, wrap_pw = ?, keyset = ?")
          .run(ak_id, login_pk, wrap_pw, encodeKeyset(other.keyset));
      });
      await keychain.apply([{ op: "put", key, meta: {}, value: other.accountKey }]);
      const fresh = world.again();
      await assert.rejects(
        addAllowlistEntries(fresh, { entries: [EVIL], password: typing("the attacker's own password") }),
        (error) => isAppError(error) && error.exit === 8,
      );
      await fresh.closeServer();
      await keychain.apply([{ op: "put", key, meta: {}, value: ours }]);
    });
    assert.equal(await judge(world, "afterwards"), "unaffected");
  });

  await t.step(
    "an older database is refused, and even with lowered pins only a list that A signed comes back",
    async () => {
      const older = await Rest.of(world);
      const keychain = await world.keychain();
      const key = { collection: "pins", name: "pins" };
      using pins = (await keychain.get(key))!.value;
      const current = world.again();
      await removeAllowlistEntries(current, { entries: SIGNED, password: typing() });
      await current.closeServer();
      const newer = (await keychain.get(key))!;
      using _newer = newer.value;
      assert.deepEqual(await read(world), []);
      await older.restore();
      await refused(world, "an older database");
      await keychain.apply([{ op: "put", key, meta: newer.meta, value: pins }]);
      // The limit of the claim: whoever also rewrites the keychain can go back to what a person once signed, never beyond it.
      assert.deepEqual(await read(world), SIGNED);
    },
  );

  made.kit[Symbol.dispose]();
});
