/**
 * Workspaces: founding, listing, reading and continuing their logs (docs/spec/protocol.md §4.3). The ledger judges every entry by
 * the same rules as each client; here it is judged against now.
 *
 * @module
 */

import type { SignedEntry } from "../../contract/entry_fields.ts";
import type { WorkspaceEntryBody } from "../../contract/workspace_entries.ts";
import type { AppendWorkspace } from "../../contract/workspaces.ts";
import { AppError } from "../../kernel/error.ts";
import { isWorkspaceId, type UserId, type WorkspaceId } from "../../kernel/names.ts";
import { readWorkspaceEntry } from "../../ledger/references.ts";
import { RULES } from "../../ledger/rules/table.ts";
import { appendWorkspaceEntries, replayWorkspaceLog } from "../../ledger/workspace_log.ts";
import type { WorkspaceState } from "../../ledger/workspace_state.ts";
import type { ReadTransaction, WriteTransaction } from "../../ports/blob_store.ts";
import { expectHead, idParam, notOnServer, position } from "../conditions.ts";
import type { ServerParts, SessionCall } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { pageOf, rowsOf } from "./logs.ts";
import { requireStepUp } from "./sessions.ts";
import { blobRows, grantRows } from "./uploads.ts";
import { loadAccounts, loadWorkspace, project, usersNamed } from "./workspace_state.ts";

const WHAT = "the workspace";

/** The workspace in the path, if the caller is a member; for everybody else there is no such workspace. */
export async function workspaceParam(
  tx: ReadTransaction,
  call: SessionCall,
): Promise<{ readonly id: WorkspaceId; readonly role: string }> {
  const id = idParam(call, "ws", WHAT, isWorkspaceId);
  const role = await tx.role(id, call.session.userId);
  if (role === undefined) throw notOnServer(WHAT);
  return { id, role };
}

export const postWorkspace: ServiceOf<"postWorkspace"> = {
  kind: "write",
  run: async (parts, tx, call) => {
    const { entries } = call.body;
    const bodies = await bodiesOf(parts, tx, call, entries, 0);
    const accounts = await loadAccounts(tx, usersNamed(entries));
    const state = replayWorkspaceLog(entries, accounts, undefined, { now: parts.clock.now() });
    if (await tx.head({ kind: "workspace", id: state.id }) !== null) {
      throw new AppError("bad_request", { reason: "the workspace exists already" });
    }
    await store(tx, undefined, state, call.body, bodies);
    return { value: { workspace_id: state.id, head: state.head } };
  },
};

export const postWorkspaceLog: ServiceOf<"postWorkspaceLog"> = {
  kind: "write",
  run: async (parts, tx, call) => {
    const { id } = await workspaceParam(tx, call);
    expectHead(call, await tx.head({ kind: "workspace", id }), "the workspace's log");
    const { entries } = call.body;
    const { state: before, accounts } = await loadWorkspace(tx, id, usersNamed(entries));
    const bodies = await bodiesOf(parts, tx, call, entries, before.head.seq);
    const after = appendWorkspaceEntries(before, entries, accounts, { now: parts.clock.now() });
    await store(tx, before, after, call.body, bodies);
    return { value: { head: after.head } };
  },
};

/** The entries' bodies, once it is sure that the caller may send them: only one's own, and governance only after a step-up. */
async function bodiesOf(
  parts: ServerParts,
  tx: ReadTransaction,
  call: SessionCall,
  entries: readonly SignedEntry[],
  after: number,
): Promise<WorkspaceEntryBody[]> {
  const bodies = entries.map((entry, i) => readWorkspaceEntry(entry, after + 1 + i));
  if (bodies.some(({ author }) => author.user !== call.session.userId as UserId)) {
    throw new AppError("bad_request", { reason: "it holds an entry of another author" });
  }
  if (bodies.some(isGovernance)) await requireStepUp(parts, tx, call, "change the workspace");
  return bodies;
}

/** Whether only A may sign it. */
function isGovernance({ type }: WorkspaceEntryBody): boolean {
  return type === "ws.create" || RULES[type].signer !== "A or D";
}

async function store(
  tx: WriteTransaction,
  before: WorkspaceState | undefined,
  after: WorkspaceState,
  { entries, grants, blobs }: AppendWorkspace,
  bodies: readonly WorkspaceEntryBody[],
): Promise<void> {
  await tx.append({ kind: "workspace", id: after.id }, rowsOf(entries, before?.head.seq ?? 0, after.hashes));
  await tx.insertGrants(after.id, grantRows(bodies, grants));
  await tx.insertBlobs(after.id, blobRows(bodies, blobs));
  if (!await project(tx, before, after)) {
    throw new AppError("bad_request", { reason: "an environment's id is taken" });
  }
}

export const getWorkspaces: ServiceOf<"getWorkspaces"> = {
  kind: "read",
  run: async (_parts, tx, { session }) => {
    const workspaces = [];
    for (const { workspaceId, role } of await tx.workspacesOf(session.userId)) {
      const head = await tx.head({ kind: "workspace", id: workspaceId });
      workspaces.push({ workspace_id: workspaceId as WorkspaceId, role, head });
    }
    return { value: { workspaces } };
  },
};

export const getWorkspaceLog: ServiceOf<"getWorkspaceLog"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { id } = await workspaceParam(tx, call);
    const value = await pageOf(tx, { kind: "workspace", id }, position(call, "after"));
    return { value, version: value.head?.seq ?? 0 };
  },
};

/** What was sealed to the caller, and the wraps of previous keys, which open only with a key that was. */
export const getGrants: ServiceOf<"getGrants"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { id } = await workspaceParam(tx, call);
    const recipient = call.query.get("recipient") ?? "me";
    if (recipient !== "me" && recipient !== call.session.userId) throw notOnServer("the recipient");
    const after = position(call, "after");
    const grants = await tx.grants(id, call.session.userId, after);
    const blobs = await tx.blobs(id, after);
    return {
      value: {
        grants: grants.map(({ hash, entrySeq, sealed }) => ({ hash, entry_seq: entrySeq, sealed })),
        blobs: blobs.map(({ hash, entrySeq, data }) => ({ hash, entry_seq: entrySeq, data })),
      },
    };
  },
};
