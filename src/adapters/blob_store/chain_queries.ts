/** Chains of signed entries, and the audit's chains. @module */

import type { Kysely } from "kysely";
import { AppError } from "../../kernel/error.ts";
import type { PageLimit, WriteTransaction } from "../../ports/blob_store.ts";
import { chunks, pageEnd } from "./page.ts";
import type { Tables } from "./tables.ts";

type Methods = Pick<
  WriteTransaction,
  "head" | "entries" | "append" | "auditHead" | "auditEvents" | "auditHeads" | "appendAudit"
>;

/** The methods on a connection. */
export function chainQueries(db: Kysely<Tables>): Methods {
  const methods: Methods = {
    head: async ({ kind, id }) => {
      const row = await db.selectFrom("chain").select(["seq", "hash"]).where("kind", "=", kind).where("id", "=", id)
        .executeTakeFirst();
      return row ?? null;
    },
    entries: async ({ kind, id }, after, limit: PageLimit) => {
      const from = db.selectFrom("entry").where("kind", "=", kind).where("id", "=", id).where("seq", ">", after)
        .orderBy("seq");
      const sizes = await from.select((e) => ["seq", e.fn<number>("length", ["body"]).as("bytes")])
        .limit(limit.entries).execute();
      const last = sizes[pageEnd(sizes.map(({ bytes }) => bytes), limit.bytes) - 1];
      if (last === undefined) return [];
      return await from.select(["seq", "hash", "type", "body", "sigs"]).where("seq", "<=", last.seq).execute();
    },
    append: async (chain, entries) => {
      const last = entries.at(-1);
      if (last === undefined) return;
      const current = (await methods.head(chain))?.seq ?? 0;
      if (entries.some(({ seq }, i) => seq !== current + 1 + i)) {
        throw new AppError("head_moved", { what: `the ${chain.kind}'s log` });
      }
      for (const some of chunks(entries)) {
        await db.insertInto("entry").values(some.map((entry) => ({ ...chain, ...entry }))).execute();
      }
      const { seq, hash } = last;
      await db.insertInto("chain").values({ ...chain, seq, hash })
        .onConflict((conflict) => conflict.columns(["kind", "id"]).doUpdateSet({ seq, hash })).execute();
    },

    auditHead: async (workspaceId, source) => {
      const row = await db.selectFrom("audit_head").select(["seq", "hash"]).where("workspace_id", "=", workspaceId)
        .where("source", "=", source).orderBy("seq", "desc").limit(1).executeTakeFirst();
      return row ?? null;
    },
    auditEvents: async (workspaceId, source, afterCursor, limit) => {
      let from = db.selectFrom("audit_event").where("workspace_id", "=", workspaceId)
        .where("cursor", ">", afterCursor).orderBy("cursor").limit(limit.entries);
      if (source !== undefined) from = from.where("source", "=", source);
      return await from.select(["cursor", "source", "seq", "event"]).execute();
    },
    auditHeads: async (workspaceId, source) => {
      let from = db.selectFrom("audit_head as a").where("workspace_id", "=", workspaceId)
        .where((e) =>
          e(
            "seq",
            "=",
            e.selectFrom("audit_head as b").select((b) => b.fn.max("b.seq").as("seq"))
              .whereRef("b.workspace_id", "=", "a.workspace_id").whereRef("b.source", "=", "a.source"),
          )
        ).orderBy("source");
      if (source !== undefined) from = from.where("source", "=", source);
      const rows = await from.select(["seq", "hash", "body", "sigs"]).execute();
      return rows.map((row) => ({ ...row, type: "audit.head" }));
    },
    appendAudit: async (workspace_id, source, firstSeq, events, { seq, hash, body, sigs }) => {
      const rows = events.map((event, i) => ({ workspace_id, source, seq: firstSeq + i, event }));
      for (const some of chunks(rows)) await db.insertInto("audit_event").values(some).execute();
      await db.insertInto("audit_head").values({ workspace_id, source, seq, hash, body, sigs }).execute();
    },
  };
  return methods;
}
