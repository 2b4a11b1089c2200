/**
 * A workspace as its stored log says, and what of it is kept in tables for quick answers: members, environments, access.
 *
 * @module
 */

import type { SignedEntry } from "../../contract/entry_fields.ts";
import { fromUtf8 } from "../../kernel/bytes.ts";
import { fromBase64Url } from "../../kernel/encoding.ts";
import { isUserId, type UserId, type WorkspaceId } from "../../kernel/names.ts";
import { type Accounts, replayWorkspaceLog } from "../../ledger/workspace_log.ts";
import {
  accessOf,
  authorisedRecipients,
  currentMembers,
  keyEpoch,
  type WorkspaceState,
} from "../../ledger/workspace_state.ts";
import type { AccessRow, EnvironmentRow, ReadTransaction, WriteTransaction } from "../../ports/blob_store.ts";
import { accountState, allEntries, trusted } from "./logs.ts";

/** A replayed workspace and the accounts it took. */
export interface LoadedWorkspace {
  readonly state: WorkspaceState;
  readonly accounts: Accounts;
}

/** Replays what is stored, with the accounts of everyone in it and of `also`. */
export async function loadWorkspace(
  tx: ReadTransaction,
  id: WorkspaceId,
  also: readonly UserId[] = [],
): Promise<LoadedWorkspace> {
  const entries = await allEntries(tx, { kind: "workspace", id });
  const accounts = await loadAccounts(tx, [...usersNamed(entries), ...also]);
  return { state: await trusted(async () => replayWorkspaceLog(entries, accounts, id)), accounts };
}

/** The accounts of those of `users` that are registered here; the ledger refuses entries that need another. */
export async function loadAccounts(tx: ReadTransaction, users: readonly UserId[]): Promise<Accounts> {
  const accounts = new Map<UserId, Awaited<ReturnType<typeof accountState>>>();
  for (const user of new Set(users)) {
    if (await tx.head({ kind: "account", id: user }) !== null) accounts.set(user, await accountState(tx, user));
  }
  return accounts;
}

/** Users whose accounts replaying `entries` may take. Only a hint of what to load: nothing in it is trusted. */
export function usersNamed(entries: readonly SignedEntry[]): UserId[] {
  const users = new Set<UserId>();
  for (const { body } of entries) {
    const { author, payload } = parsed(body);
    for (const id of [author?.["user"], payload?.["user_id"]]) {
      if (typeof id === "string" && isUserId(id)) users.add(id);
    }
  }
  return [...users];
}

type Fields = Readonly<Record<string, unknown>> | undefined | null;

function parsed(body: string): { readonly author?: Fields; readonly payload?: Fields } {
  try {
    return JSON.parse(fromUtf8(fromBase64Url(body)!)) ?? {};
  } catch {
    return {};
  }
}

/** Brings the tables in line with `after`. `before` is undefined for a new workspace. False when an environment's id is taken. */
export async function project(
  tx: WriteTransaction,
  before: WorkspaceState | undefined,
  after: WorkspaceState,
): Promise<boolean> {
  const known = new Map(before === undefined ? [] : environmentRows(before).map((row) => [row.environmentId, row]));
  for (const row of environmentRows(after)) {
    const old = known.get(row.environmentId);
    const same = old?.epoch === row.epoch && old.deleted === row.deleted;
    if (!same && !await tx.putEnvironment(row)) return false;
  }
  if (before === undefined || !isSame(membersOf(before), membersOf(after))) {
    await tx.setMembers(after.id, membersOf(after));
  }
  if (before === undefined || !isSame(accessRows(before), accessRows(after))) {
    await tx.setAccess(after.id, accessRows(after));
  }
  return true;
}

function isSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function membersOf(state: WorkspaceState): readonly { readonly userId: string; readonly role: string }[] {
  return state.deleted === undefined ? currentMembers(state) : [];
}

function environmentRows(state: WorkspaceState): EnvironmentRow[] {
  return [...state.environments.values()].map((environment) => ({
    environmentId: environment.id,
    projectId: environment.projectId,
    workspaceId: state.id,
    epoch: keyEpoch(environment)?.epoch ?? 0,
    deleted: [environment, state.projects.get(environment.projectId), state].some((one) => one?.deleted !== undefined),
  }));
}

function accessRows(state: WorkspaceState): AccessRow[] {
  return environmentRows(state).filter(({ deleted }) => !deleted).flatMap(({ environmentId }) => {
    const environment = state.environments.get(environmentId as AccessRow["environmentId"] as never)!;
    return authorisedRecipients(state, environment).map((recipient) => ({
      environmentId,
      recipient,
      write: accessOf(state, environment, recipient)?.write === true,
    }));
  });
}
