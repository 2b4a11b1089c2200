/**
 * Reading environments: heads, snapshots, commits and versions, for whoever the workspace log lets read.
 *
 * @module
 */

import type { SnapshotItem } from "../../contract/environments.ts";
import { type EnvironmentId, isEnvironmentId, isSid, type Sid, type WorkspaceId } from "../../kernel/names.ts";
import type { EnvironmentRow, ReadTransaction, VersionRow } from "../../ports/blob_store.ts";
import { idParam, notOnServer, position } from "../conditions.ts";
import type { SessionCall } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { PAGE, pageOf, wireOf } from "./logs.ts";

const WHAT = "the environment";

/** An environment that the caller may read. */
export interface Readable extends EnvironmentRow {
  readonly environmentId: EnvironmentId;
  readonly workspaceId: WorkspaceId;
  /** Whether the caller may also write. */
  readonly write: boolean;
}

/** The environment in the path, if the caller may read it; for everybody else there is no such environment. */
export async function environmentParam(tx: ReadTransaction, call: SessionCall): Promise<Readable> {
  const id = idParam(call, "env", WHAT, isEnvironmentId);
  const row = await tx.environment(id);
  const access = await tx.access(id, call.session.userId);
  if (row === undefined || row.deleted || access === undefined) throw notOnServer(WHAT);
  return { ...row, environmentId: id, workspaceId: row.workspaceId as WorkspaceId, write: access.write };
}

export const getEnvironment: ServiceOf<"getEnvironment"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { environmentId, workspaceId, epoch } = await environmentParam(tx, call);
    const head = await tx.head({ kind: "environment", id: environmentId });
    const value = { environment_id: environmentId, workspace_id: workspaceId, head, epoch };
    return { value, version: head?.seq ?? 0 };
  },
};

export const getSnapshot: ServiceOf<"getSnapshot"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { environmentId: id, epoch } = await environmentParam(tx, call);
    const chain = { kind: "environment", id } as const;
    const head = await tx.head(chain);
    const last = head === null ? [] : await tx.entries(chain, head.seq - 1, { entries: 1, bytes: 0 });
    const items = (await tx.snapshot(id)).map((row) => ({ sid: row.sid as Sid, ...versionOf(row) }));
    return { value: { head, epoch, commit: last.map(wireOf)[0] ?? null, items }, version: head?.seq ?? 0 };
  },
};

function versionOf({ ver, seq, h, envelope }: VersionRow): Omit<SnapshotItem, "sid"> {
  return { ver, seq, h, envelope };
}

export const getCommits: ServiceOf<"getCommits"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { environmentId: id } = await environmentParam(tx, call);
    const { entries: commits, head } = await pageOf(tx, { kind: "environment", id }, position(call, "after"));
    return { value: { commits, head }, version: head?.seq ?? 0 };
  },
};

export const getVersions: ServiceOf<"getVersions"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { environmentId } = await environmentParam(tx, call);
    const sid = idParam(call, "sid", "the secret", isSid);
    const rows = await tx.versions(environmentId, sid, position(call, "before", Number.MAX_SAFE_INTEGER), PAGE);
    return { value: { versions: rows.map(versionOf), more: (rows.at(-1)?.ver ?? 1) > 1 } };
  },
};
