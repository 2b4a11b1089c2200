/** Members, grants, blobs and environments. @module */

import type { Kysely } from "kysely";
import type { WriteTransaction } from "../../ports/blob_store.ts";
import { chunks } from "./page.ts";
import type { Tables } from "./tables.ts";

type Methods = Pick<
  WriteTransaction,
  | "role"
  | "workspacesOf"
  | "shareWorkspace"
  | "setMembers"
  | "grants"
  | "blobs"
  | "insertGrants"
  | "insertBlobs"
  | "environment"
  | "access"
  | "putEnvironment"
  | "setAccess"
>;

/** The methods on a connection. */
export function workspaceQueries(db: Kysely<Tables>): Methods {
  return {
    role: async (workspaceId, userId) => {
      const row = await db.selectFrom("member").select("role").where("workspace_id", "=", workspaceId)
        .where("user_id", "=", userId).executeTakeFirst();
      return row?.role;
    },
    workspacesOf: async (userId) => {
      return await db.selectFrom("member").select(["workspace_id as workspaceId", "role"])
        .where("user_id", "=", userId).orderBy("workspace_id").execute();
    },
    shareWorkspace: async (userId, otherId) => {
      const row = await db.selectFrom("member as mine")
        .innerJoin("member as theirs", "theirs.workspace_id", "mine.workspace_id")
        .select("mine.workspace_id").where("mine.user_id", "=", userId).where("theirs.user_id", "=", otherId)
        .limit(1).executeTakeFirst();
      return row !== undefined;
    },
    setMembers: async (workspace_id, members) => {
      await db.deleteFrom("member").where("workspace_id", "=", workspace_id).execute();
      const rows = members.map(({ userId, role }) => ({ workspace_id, user_id: userId, role }));
      for (const some of chunks(rows)) await db.insertInto("member").values(some).execute();
    },

    grants: async (workspaceId, recipient, after) => {
      return await db.selectFrom("sealed_grant").select(["recipient", "hash", "entry_seq as entrySeq", "sealed"])
        .where("workspace_id", "=", workspaceId).where("recipient", "=", recipient).where("entry_seq", ">", after)
        .orderBy("entry_seq").orderBy("hash").execute();
    },
    blobs: async (workspaceId, after) => {
      return await db.selectFrom("blob").select(["hash", "entry_seq as entrySeq", "data"])
        .where("workspace_id", "=", workspaceId).where("entry_seq", ">", after).orderBy("entry_seq").orderBy("hash")
        .execute();
    },
    insertGrants: async (workspace_id, grants) => {
      const rows = grants.map(({ recipient, hash, entrySeq, sealed }) => ({
        workspace_id,
        recipient,
        hash,
        entry_seq: entrySeq,
        sealed,
      }));
      for (const some of chunks(rows)) await db.insertInto("sealed_grant").values(some).execute();
    },
    insertBlobs: async (workspace_id, blobs) => {
      const rows = blobs.map(({ hash, entrySeq, data }) => ({ workspace_id, hash, entry_seq: entrySeq, data }));
      for (const some of chunks(rows)) await db.insertInto("blob").values(some).execute();
    },

    environment: async (environmentId) => {
      const row = await db.selectFrom("environment").selectAll().where("environment_id", "=", environmentId)
        .executeTakeFirst();
      return row && {
        environmentId: row.environment_id,
        projectId: row.project_id,
        workspaceId: row.workspace_id,
        epoch: row.epoch,
        deleted: row.deleted === 1,
      };
    },
    access: async (environmentId, recipient) => {
      const row = await db.selectFrom("access").select("may_write").where("environment_id", "=", environmentId)
        .where("recipient", "=", recipient).executeTakeFirst();
      return row && { write: row.may_write === 1 };
    },
    putEnvironment: async ({ environmentId, projectId, workspaceId, epoch, deleted }) => {
      const state = { epoch, deleted: deleted ? 1 : 0 };
      const { numInsertedOrUpdatedRows } = await db.insertInto("environment")
        .values({ environment_id: environmentId, project_id: projectId, workspace_id: workspaceId, ...state })
        .onConflict((conflict) =>
          conflict.column("environment_id").doUpdateSet(state)
            .where("environment.workspace_id", "=", workspaceId).where("environment.project_id", "=", projectId)
        ).executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    setAccess: async (workspace_id, access) => {
      await db.deleteFrom("access").where("workspace_id", "=", workspace_id).execute();
      const rows = access.map(({ environmentId, recipient, write }) => ({
        workspace_id,
        environment_id: environmentId,
        recipient,
        may_write: write ? 1 : 0,
      }));
      for (const some of chunks(rows)) await db.insertInto("access").values(some).execute();
    },
  };
}
