/** Versions of secrets: envelopes that the server cannot open. @module */

import type { Kysely } from "kysely";
import type { WriteTransaction } from "../../ports/blob_store.ts";
import { chunks, pageEnd } from "./page.ts";
import type { Tables } from "./tables.ts";

type Methods = Pick<WriteTransaction, "items" | "snapshot" | "versions" | "insertVersions">;

/** The methods on a connection. */
export function versionQueries(db: Kysely<Tables>): Methods {
  return {
    items: async (environmentId) => {
      return await db.selectFrom("item").select(["sid", "ver", "h", "seq"])
        .where("environment_id", "=", environmentId).orderBy("sid").execute();
    },
    snapshot: async (environmentId) => {
      return await db.selectFrom("item as i").innerJoin(
        "version as v",
        (join) =>
          join.onRef("v.environment_id", "=", "i.environment_id").onRef("v.sid", "=", "i.sid")
            .onRef("v.ver", "=", "i.ver"),
      )
        .select(["i.sid", "i.ver", "i.h", "i.seq", "v.envelope"])
        .where("i.environment_id", "=", environmentId).orderBy("i.sid").execute();
    },
    versions: async (environmentId, sid, before, limit) => {
      const from = db.selectFrom("version").where("environment_id", "=", environmentId).where("sid", "=", sid)
        .where("ver", "<", before).orderBy("ver", "desc").limit(limit.entries);
      const sizes = await from.select((e) => e.fn.coalesce(e.fn<number>("length", ["envelope"]), e.lit(0)).as("bytes"))
        .execute();
      return await from.select(["sid", "ver", "h", "seq", "envelope"])
        .limit(pageEnd(sizes.map(({ bytes }) => bytes), limit.bytes)).execute();
    },
    insertVersions: async (environment_id, versions) => {
      for (const some of chunks(versions)) {
        await db.insertInto("version").values(some.map((version) => ({ environment_id, ...version }))).execute();
        const items = some.map(({ sid, ver, h, seq }) => ({ environment_id, sid, ver, h, seq }));
        await db.insertInto("item").values(items).onConflict((conflict) =>
          conflict.columns(["environment_id", "sid"]).doUpdateSet((e) => ({
            ver: e.ref("excluded.ver"),
            h: e.ref("excluded.h"),
            seq: e.ref("excluded.seq"),
          }))
        ).execute();
      }
    },
  };
}
