/** Every method of a transaction, on one connection. @module */

import type { Kysely } from "kysely";
import type { WriteTransaction } from "../../ports/blob_store.ts";
import { accountQueries } from "./account_queries.ts";
import { chainQueries } from "./chain_queries.ts";
import { sessionQueries } from "./session_queries.ts";
import type { Tables } from "./tables.ts";
import { versionQueries } from "./version_queries.ts";
import { workspaceQueries } from "./workspace_queries.ts";

/** The caller has begun a transaction on `db` and ends it. */
export function transactionOn(db: Kysely<Tables>): WriteTransaction {
  return {
    ...accountQueries(db),
    ...sessionQueries(db),
    ...chainQueries(db),
    ...workspaceQueries(db),
    ...versionQueries(db),
  };
}
