/** What every blob store does, whatever is below it. */
import assert from "node:assert/strict";
import { isAppError } from "../../src/kernel/error.ts";
import type { AccountRow, BlobStore, ChainKey, EntryRow, SessionRow } from "../../src/ports/blob_store.ts";

/** How a suite gets an empty store. */
export interface BlobStoreHarness extends AsyncDisposable {
  readonly store: BlobStore;
}

const EVERYTHING = { entries: 1e6, bytes: 1e9 };
const CHAIN: ChainKey = { kind: "environment", id: "e_1" };

function bytes(...values: number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(values);
}

function account(userId: string, n: number): AccountRow {
  return {
    userId,
    email: "a@b.c",
    akId: bytes(n),
    loginPk: bytes(1),
    wrapPw: bytes(2),
    rcId: bytes(n, n),
    recoverPk: bytes(3),
    wrapRc: bytes(4),
    keyset: bytes(5),
    credentialsVersion: 1,
    createdMs: 7,
  };
}

function entry(seq: number, size = 3): EntryRow {
  return { seq, hash: `h${seq}`, type: "t", body: new Uint8Array(size).fill(seq), sigs: "[]" };
}

function session(id: string, change: Partial<SessionRow> = {}): SessionRow {
  const token = bytes(...new TextEncoder().encode(id));
  const row = { id, tokenHash: token, userId: "u", deviceId: "d", createdMs: 1, lastUsedMs: 1, expiresMs: 100 };
  return { ...row, ...change };
}

/** Registers the suite's tests for one adapter. */
export function blobStoreSuite(name: string, open: () => Promise<BlobStoreHarness>): void {
  const test = (claim: string, run: (store: BlobStore) => Promise<void>): void => {
    Deno.test(`${name}: ${claim}`, async () => {
      await using harness = await open();
      await run(harness.store);
    });
  };

  test("what a write did is undone when it fails, and kept when it resolves", async (store) => {
    const failing = store.write(async (tx) => {
      await tx.insertAccount(account("u", 1));
      throw new Error("changed its mind");
    });
    await assert.rejects(failing, /changed its mind/);
    assert.equal(await store.read((tx) => tx.accountById("u")), undefined);
    assert.equal(await store.write((tx) => tx.insertAccount(account("u", 1))), true);
    assert.deepEqual(await store.read((tx) => tx.accountById("u")), account("u", 1));
    assert.deepEqual(await store.read((tx) => tx.accountByAkId(bytes(1))), account("u", 1));
    assert.deepEqual(await store.read((tx) => tx.accountByRcId(bytes(1, 1))), account("u", 1));
  });

  test("transactions of one process run one after another", async (store) => {
    const order: number[] = [];
    await Promise.all([1, 2, 3].map((n) =>
      store.write(async (tx) => {
        order.push(n);
        await tx.head(CHAIN);
        await Promise.resolve();
        order.push(n);
      })
    ));
    assert.deepEqual(order, [1, 1, 2, 2, 3, 3]);
  });

  test("user id, ak_id and rc_id are unique", async (store) => {
    await store.write(async (tx) => {
      assert.equal(await tx.insertAccount(account("u", 1)), true);
      assert.equal(await tx.insertAccount(account("u", 2)), false);
      assert.equal(await tx.insertAccount({ ...account("v", 2), akId: bytes(1) }), false);
      assert.equal(await tx.insertAccount({ ...account("v", 2), rcId: bytes(1, 1) }), false);
      assert.equal(await tx.insertAccount(account("v", 2)), true);
      const next = { ...account("v", 3), credentialsVersion: 2 };
      assert.equal(await tx.replaceCredentials({ ...next, akId: bytes(1) }, 1), false);
      assert.equal(await tx.replaceCredentials(next, 2), false);
      assert.equal(await tx.replaceCredentials(next, 1), true);
      assert.deepEqual(await tx.accountById("v"), next);
    });
  });

  test("a chain takes only what follows its head", async (store) => {
    await store.write(async (tx) => {
      assert.equal(await tx.head(CHAIN), null);
      await tx.append(CHAIN, [entry(1), entry(2)]);
      assert.deepEqual(await tx.head(CHAIN), { seq: 2, hash: "h2" });
    });
    for (const wrong of [[entry(2)], [entry(4)], [entry(3), entry(5)]]) {
      await assert.rejects(store.write((tx) => tx.append(CHAIN, wrong)), (e) => isAppError(e, "head_moved"));
    }
    await store.write((tx) => tx.append(CHAIN, [entry(3)]));
    assert.deepEqual(await store.read((tx) => tx.entries(CHAIN, 1, EVERYTHING)), [entry(2), entry(3)]);
    assert.deepEqual(await store.read((tx) => tx.entries({ ...CHAIN, kind: "account" }, 0, EVERYTHING)), []);
  });

  test("a page ends at its limits but is never empty while there is more", async (store) => {
    await store.write((tx) => tx.append(CHAIN, [entry(1, 10), entry(2, 10), entry(3, 10)]));
    const page = async (after: number, entries: number, most: number): Promise<number[]> =>
      (await store.read((tx) => tx.entries(CHAIN, after, { entries, bytes: most }))).map(({ seq }) => seq);
    assert.deepEqual(await page(0, 2, 100), [1, 2]);
    assert.deepEqual(await page(0, 9, 20), [1, 2]);
    assert.deepEqual(await page(0, 9, 1), [1]);
    assert.deepEqual(await page(2, 9, 1), [3]);
    assert.deepEqual(await page(3, 9, 1), []);
  });

  test("a challenge is taken once and not after it expired", async (store) => {
    await store.write(async (tx) => {
      await tx.insertChallenge("a", bytes(1), 10);
      await tx.insertChallenge("b", bytes(2), 10);
      assert.deepEqual(await tx.takeChallenge("a", 9), bytes(1));
      assert.equal(await tx.takeChallenge("a", 9), undefined);
      assert.equal(await tx.takeChallenge("b", 10), undefined);
    });
  });

  test("a bucket gives its burst, then one every interval, and is full again after a reset", async (store) => {
    await store.write(async (tx) => {
      const take = (nowMs: number): Promise<number> => tx.takeRate("k", 2, 1000, nowMs);
      assert.deepEqual([await take(0), await take(0), await take(0)], [0, 0, 1000]);
      assert.deepEqual([await take(999), await take(1000), await take(1000)], [1, 0, 1000]);
      await tx.resetRate("k");
      assert.equal(await take(1000), 0);
      assert.equal(await tx.takeRate("other", 1, 1000, 0), 0);
    });
  });

  test("sessions are found by hash, listed newest first, and end one by one, by device or all but one", async (store) => {
    await store.write(async (tx) => {
      await tx.insertAccount(account("u", 1));
      await tx.insertSession(session("a"));
      await tx.insertSession(session("b", { createdMs: 2, deviceId: "other" }));
      await tx.insertSession(session("c", { createdMs: 3, expiresMs: 5 }));
      await tx.insertStepUp(bytes(9), "a", 50);
      assert.deepEqual(await tx.sessionByTokenHash(session("a").tokenHash), session("a"));
      assert.deepEqual((await tx.sessions("u", 5)).map(({ id }) => id), ["b", "a"]);
      assert.equal(await tx.hasStepUp(bytes(9), "a", 49), true);
      assert.equal(await tx.hasStepUp(bytes(9), "a", 50), false);
      assert.equal(await tx.hasStepUp(bytes(9), "b", 49), false);
      await tx.deleteSession("stranger", "a");
      await tx.deleteSessions("u", { deviceId: "other" });
      assert.deepEqual((await tx.sessions("u", 0)).map(({ id }) => id), ["c", "a"]);
      await tx.deleteSessions("u", { exceptId: "c" });
      assert.equal(await tx.sessionByTokenHash(session("a").tokenHash), undefined);
      assert.equal(await tx.hasStepUp(bytes(9), "a", 49), false, "a step-up ends with its session");
    });
  });

  test("what has expired is forgotten", async (store) => {
    await store.write(async (tx) => {
      await tx.insertAccount(account("u", 1));
      await tx.insertSession(session("old", { expiresMs: 5 }));
      await tx.insertSession(session("new"));
      await tx.keepAnswer("u", "k", { requestHash: bytes(1), status: 201, body: "{}" }, 5);
      assert.equal((await tx.keptAnswer("u", "k", 4))?.status, 201);
      assert.equal(await tx.keptAnswer("u", "k", 5), undefined);
      await tx.forgetExpired(5);
      assert.deepEqual((await tx.sessions("u", 0)).map(({ id }) => id), ["new"]);
      assert.equal(await tx.keptAnswer("u", "k", 4), undefined);
    });
  });

  test("members and access are exactly what was set last", async (store) => {
    await store.write(async (tx) => {
      await tx.setMembers("w", [{ userId: "u", role: "owner" }, { userId: "v", role: "member" }]);
      await tx.setMembers("x", [{ userId: "z", role: "owner" }]);
      assert.equal(await tx.role("w", "v"), "member");
      assert.equal(await tx.shareWorkspace("u", "v"), true);
      assert.equal(await tx.shareWorkspace("u", "z"), false);
      await tx.setMembers("w", [{ userId: "u", role: "owner" }]);
      assert.equal(await tx.role("w", "v"), undefined);
      assert.deepEqual(await tx.workspacesOf("u"), [{ workspaceId: "w", role: "owner" }]);
      const environment = { environmentId: "e", projectId: "p", workspaceId: "w", epoch: 1, deleted: false };
      assert.equal(await tx.putEnvironment(environment), true);
      assert.equal(await tx.putEnvironment({ ...environment, workspaceId: "x" }), false);
      assert.equal(await tx.putEnvironment({ ...environment, epoch: 2, deleted: true }), true);
      assert.deepEqual(await tx.environment("e"), { ...environment, epoch: 2, deleted: true });
      await tx.setAccess("w", [{ environmentId: "e", recipient: "u", write: true }]);
      assert.deepEqual(await tx.access("e", "u"), { write: true });
      await tx.setAccess("w", []);
      assert.equal(await tx.access("e", "u"), undefined);
    });
  });

  test("the newest version of each secret is the snapshot, older ones stay readable", async (store) => {
    await store.write(async (tx) => {
      await tx.putEnvironment({ environmentId: "e", projectId: "p", workspaceId: "w", epoch: 1, deleted: false });
      const version = (sid: string, ver: number, seq: number, envelope: Uint8Array<ArrayBuffer> | null) => ({
        sid,
        ver,
        seq,
        h: envelope && `h${sid}${ver}`,
        envelope,
      });
      const [a1, b1, a2] = [version("a", 1, 1, bytes(1)), version("b", 1, 1, bytes(2)), version("a", 2, 2, null)];
      await tx.insertVersions("e", [a1, b1]);
      await tx.insertVersions("e", [a2]);
      assert.deepEqual(await tx.snapshot("e"), [a2, b1]);
      assert.deepEqual(await tx.items("e"), [a2, b1].map(({ envelope: _, ...item }) => item));
      assert.deepEqual(await tx.versions("e", "a", 1e9, EVERYTHING), [a2, a1]);
      assert.deepEqual(await tx.versions("e", "a", 2, EVERYTHING), [a1]);
      assert.deepEqual(await tx.versions("e", "a", 1e9, { entries: 1, bytes: 1e9 }), [a2]);
    });
    await assert.rejects(
      store.write((tx) => tx.insertVersions("e", [{ sid: "b", ver: 1, seq: 3, h: "x", envelope: bytes(3) }])),
      "a version is never replaced",
    );
  });

  test("a thousand versions go in and out in one go", async (store) => {
    await store.write(async (tx) => {
      await tx.putEnvironment({ environmentId: "e", projectId: "p", workspaceId: "w", epoch: 1, deleted: false });
      const versions = Array.from({ length: 1000 }, (_, i) => {
        return { sid: `s${String(i).padStart(4, "0")}`, ver: 1, seq: 1, h: "h", envelope: bytes(i & 255) };
      });
      await tx.insertVersions("e", versions);
      assert.deepEqual(await tx.snapshot("e"), versions);
    });
  });

  test("pins are replaced only from their version", async (store) => {
    await store.write(async (tx) => {
      await tx.insertAccount(account("u", 1));
      assert.equal(await tx.putPins("u", 1, bytes(1)), false);
      assert.equal(await tx.putPins("u", 0, bytes(1)), true);
      assert.equal(await tx.putPins("u", 0, bytes(2)), false);
      assert.equal(await tx.putPins("u", 1, bytes(2)), true);
      assert.deepEqual(await tx.pins("u"), { version: 2, data: bytes(2) });
    });
  });

  test("grants are their recipient's, blobs everybody's, from a place on", async (store) => {
    await store.write(async (tx) => {
      const grant = { recipient: "u", hash: "h", entrySeq: 3, sealed: bytes(1) };
      await tx.insertGrants("w", [grant, { ...grant, recipient: "v" }]);
      await tx.insertBlobs("w", [{ hash: "b", entrySeq: 4, data: bytes(2) }]);
      assert.deepEqual(await tx.grants("w", "u", 0), [grant]);
      assert.deepEqual(await tx.grants("w", "u", 3), []);
      assert.deepEqual(await tx.blobs("w", 3), [{ hash: "b", entrySeq: 4, data: bytes(2) }]);
    });
  });

  test("audit events keep their order, and the newest head of each source counts", async (store) => {
    await store.write(async (tx) => {
      assert.equal(await tx.auditHead("w", "d"), null);
      await tx.appendAudit("w", "d", 1, [bytes(1), bytes(2)], entry(2));
      await tx.appendAudit("w", "x", 1, [bytes(3)], entry(1));
      await tx.appendAudit("w", "d", 3, [bytes(4)], entry(3));
      assert.deepEqual(await tx.auditHead("w", "d"), { seq: 3, hash: "h3" });
      const all = await tx.auditEvents("w", undefined, 0, EVERYTHING);
      assert.deepEqual(all.map(({ source, seq }) => `${source}${seq}`), ["d1", "d2", "x1", "d3"]);
      assert.equal((await tx.auditEvents("w", "x", 0, EVERYTHING)).length, 1);
      assert.deepEqual((await tx.auditHeads("w", undefined)).map(({ seq }) => seq), [3, 1]);
    });
  });

  test("a closed store takes no more work, and closing waits for what runs", async (store) => {
    const running = store.write(async (tx) => {
      await tx.insertAccount(account("u", 1));
      return await tx.accountById("u");
    });
    const closing = store.close();
    assert.equal((await running)?.userId, "u");
    await closing;
    await store.close();
    await assert.rejects(store.read((tx) => tx.accountById("u")), /the store is closed/);
  });
}
