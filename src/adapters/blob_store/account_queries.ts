/** Accounts, challenges, rates, pins and kept answers. @module */

import type { Kysely, Selectable } from "kysely";
import type { AccountRow, WriteTransaction } from "../../ports/blob_store.ts";
import type { Tables } from "./tables.ts";

type Methods = Pick<
  WriteTransaction,
  | "accountById"
  | "accountByAkId"
  | "accountByRcId"
  | "insertAccount"
  | "replaceCredentials"
  | "insertChallenge"
  | "takeChallenge"
  | "takeRate"
  | "resetRate"
  | "pins"
  | "putPins"
  | "keptAnswer"
  | "keepAnswer"
  | "forgetExpired"
>;

function accountOf(row: Selectable<Tables["account"]>): AccountRow {
  return {
    userId: row.user_id,
    email: row.email,
    akId: row.ak_id,
    loginPk: row.login_pk,
    wrapPw: row.wrap_pw,
    rcId: row.rc_id,
    recoverPk: row.recover_pk,
    wrapRc: row.wrap_rc,
    keyset: row.keyset,
    credentialsVersion: row.credentials_version,
    createdMs: row.created_ms,
  };
}

function accountColumns(account: AccountRow): Tables["account"] {
  return {
    user_id: account.userId,
    email: account.email,
    ak_id: account.akId,
    login_pk: account.loginPk,
    wrap_pw: account.wrapPw,
    rc_id: account.rcId,
    recover_pk: account.recoverPk,
    wrap_rc: account.wrapRc,
    keyset: account.keyset,
    credentials_version: account.credentialsVersion,
    created_ms: account.createdMs,
  };
}

/** Whether another account has one of the ids that must be unique. */
async function isTaken(db: Kysely<Tables>, account: AccountRow): Promise<boolean> {
  const other = await db.selectFrom("account").select("user_id")
    .where((e) => e.or([e("ak_id", "=", account.akId), e("rc_id", "=", account.rcId)]))
    .where("user_id", "!=", account.userId)
    .limit(1).executeTakeFirst();
  return other !== undefined;
}

/** The methods on a connection. */
export function accountQueries(db: Kysely<Tables>): Methods {
  const select = () => db.selectFrom("account").selectAll();
  return {
    accountById: async (userId) => {
      const row = await select().where("user_id", "=", userId).executeTakeFirst();
      return row && accountOf(row);
    },
    accountByAkId: async (akId) => {
      const row = await select().where("ak_id", "=", akId).executeTakeFirst();
      return row && accountOf(row);
    },
    accountByRcId: async (rcId) => {
      const row = await select().where("rc_id", "=", rcId).executeTakeFirst();
      return row && accountOf(row);
    },
    insertAccount: async (account) => {
      if (await isTaken(db, account)) return false;
      const { numInsertedOrUpdatedRows } = await db.insertInto("account").values(accountColumns(account))
        .onConflict((conflict) => conflict.column("user_id").doNothing()).executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    replaceCredentials: async (account, expectedVersion) => {
      if (await isTaken(db, account)) return false;
      const { numUpdatedRows } = await db.updateTable("account").set(accountColumns(account))
        .where("user_id", "=", account.userId).where("credentials_version", "=", expectedVersion)
        .executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    insertChallenge: async (id, nonce, expires_ms) => {
      await db.insertInto("challenge").values({ id, nonce, expires_ms }).execute();
    },
    takeChallenge: async (id, nowMs) => {
      const row = await db.deleteFrom("challenge").where("id", "=", id).returning(["nonce", "expires_ms"])
        .executeTakeFirst();
      return row !== undefined && row.expires_ms > nowMs ? row.nonce : undefined;
    },
    takeRate: async (bucket, burst, intervalMs, nowMs) => {
      // Generic cell rate algorithm: one number per bucket, the moment at which it is full again.
      const row = await db.selectFrom("rate").select("full_ms").where("bucket", "=", bucket).executeTakeFirst();
      const full_ms = Math.max(row?.full_ms ?? 0, nowMs) + intervalMs;
      const waitMs = full_ms - nowMs - burst * intervalMs;
      if (waitMs > 0) return waitMs;
      await db.insertInto("rate").values({ bucket, full_ms })
        .onConflict((conflict) => conflict.column("bucket").doUpdateSet({ full_ms })).execute();
      return 0;
    },

    resetRate: async (bucket) => {
      await db.deleteFrom("rate").where("bucket", "=", bucket).execute();
    },

    pins: async (userId) => {
      return await db.selectFrom("pins").select(["version", "data"]).where("user_id", "=", userId).executeTakeFirst();
    },
    putPins: async (user_id, expectedVersion, data) => {
      if (expectedVersion === 0) {
        const { numInsertedOrUpdatedRows } = await db.insertInto("pins").values({ user_id, version: 1, data })
          .onConflict((conflict) => conflict.column("user_id").doNothing()).executeTakeFirstOrThrow();
        return numInsertedOrUpdatedRows === 1n;
      }
      const { numUpdatedRows } = await db.updateTable("pins").set({ version: expectedVersion + 1, data })
        .where("user_id", "=", user_id).where("version", "=", expectedVersion).executeTakeFirstOrThrow();
      return numUpdatedRows === 1n;
    },

    keptAnswer: async (userId, key, nowMs) => {
      const row = await db.selectFrom("kept_answer").select(["request_hash", "status", "body"])
        .where("user_id", "=", userId).where("idempotency_key", "=", key).where("expires_ms", ">", nowMs)
        .executeTakeFirst();
      return row && { requestHash: row.request_hash, status: row.status, body: row.body };
    },
    keepAnswer: async (user_id, idempotency_key, { requestHash: request_hash, status, body }, expires_ms) => {
      const values = { request_hash, status, body, expires_ms };
      await db.insertInto("kept_answer").values({ user_id, idempotency_key, ...values })
        .onConflict((conflict) => conflict.columns(["user_id", "idempotency_key"]).doUpdateSet(values)).execute();
    },

    forgetExpired: async (nowMs) => {
      for (const table of ["challenge", "step_up", "session", "kept_answer"] as const) {
        await db.deleteFrom(table).where("expires_ms", "<=", nowMs).execute();
      }
      await db.deleteFrom("rate").where("full_ms", "<=", nowMs).execute();
    },
  };
}
