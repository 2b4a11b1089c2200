/** Sessions and step-ups. @module */

import type { Kysely, Selectable } from "kysely";
import type { SessionRow, WriteTransaction } from "../../ports/blob_store.ts";
import type { Tables } from "./tables.ts";

type Methods = Pick<
  WriteTransaction,
  | "sessionByTokenHash"
  | "sessions"
  | "hasStepUp"
  | "insertSession"
  | "touchSession"
  | "deleteSession"
  | "deleteSessions"
  | "insertStepUp"
>;

function sessionOf(row: Selectable<Tables["session"]>): SessionRow {
  return {
    id: row.id,
    tokenHash: row.token_hash,
    userId: row.user_id,
    deviceId: row.device_id,
    createdMs: row.created_ms,
    lastUsedMs: row.last_used_ms,
    expiresMs: row.expires_ms,
  };
}

/** The methods on a connection. */
export function sessionQueries(db: Kysely<Tables>): Methods {
  return {
    sessionByTokenHash: async (tokenHash) => {
      const row = await db.selectFrom("session").selectAll().where("token_hash", "=", tokenHash).executeTakeFirst();
      return row && sessionOf(row);
    },
    sessions: async (userId, nowMs) => {
      const rows = await db.selectFrom("session").selectAll().where("user_id", "=", userId)
        .where("expires_ms", ">", nowMs).orderBy("created_ms", "desc").orderBy("id").execute();
      return rows.map(sessionOf);
    },
    hasStepUp: async (tokenHash, sessionId, nowMs) => {
      const row = await db.selectFrom("step_up").select("session_id").where("token_hash", "=", tokenHash)
        .where("session_id", "=", sessionId).where("expires_ms", ">", nowMs).executeTakeFirst();
      return row !== undefined;
    },
    insertSession: async (session) => {
      await db.insertInto("session").values({
        id: session.id,
        token_hash: session.tokenHash,
        user_id: session.userId,
        device_id: session.deviceId,
        created_ms: session.createdMs,
        last_used_ms: session.lastUsedMs,
        expires_ms: session.expiresMs,
      }).execute();
    },
    touchSession: async (id, last_used_ms) => {
      await db.updateTable("session").set({ last_used_ms }).where("id", "=", id).execute();
    },
    deleteSession: async (userId, id) => {
      await db.deleteFrom("session").where("user_id", "=", userId).where("id", "=", id).execute();
    },
    deleteSessions: async (userId, { exceptId, deviceId }) => {
      let query = db.deleteFrom("session").where("user_id", "=", userId);
      if (exceptId !== undefined) query = query.where("id", "!=", exceptId);
      if (deviceId !== undefined) query = query.where("device_id", "=", deviceId);
      await query.execute();
    },
    insertStepUp: async (token_hash, session_id, expires_ms) => {
      await db.insertInto("step_up").values({ token_hash, session_id, expires_ms }).execute();
    },
  };
}
