/**
 * Logs that this process has verified: what comes again byte for byte is not verified again, what follows it is. A byte that
 * changed since, in whichever place, is replayed from the beginning, and so refused like any other.
 *
 * @module
 */

import type { SignedEntry } from "../contract/entry_fields.ts";
import type { UserId, WorkspaceId } from "../kernel/names.ts";
import { appendAccountEntries, replayAccountLog } from "../ledger/account_log.ts";
import type { AccountState } from "../ledger/account_state.ts";
import { type Accounts, appendWorkspaceEntries, replayWorkspaceLog } from "../ledger/workspace_log.ts";
import type { WorkspaceState } from "../ledger/workspace_state.ts";

/** A log and what its replay gave. */
interface Verified<S> {
  readonly entries: readonly SignedEntry[];
  readonly state: S;
}

/** A workspace's log was verified against the accounts as they were then. */
interface VerifiedWorkspace extends Verified<WorkspaceState> {
  readonly accounts: Accounts;
}

/** Remembers them. For one process and one device: whoever holds it trusts what it verified itself. */
export class VerifiedLogs {
  readonly #accounts = new Map<UserId, Verified<AccountState>>();
  readonly #workspaces = new Map<WorkspaceId, VerifiedWorkspace>();

  /** As `replayAccountLog`. @throws {AppError} `signature_invalid`, `log_invalid` */
  account(entries: readonly SignedEntry[], userId: UserId): AccountState {
    const known = this.#accounts.get(userId);
    const state = known !== undefined && continues(known.entries, entries)
      ? appendAccountEntries(known.state, entries.slice(known.entries.length))
      : replayAccountLog(entries, userId);
    this.#accounts.set(userId, { entries, state });
    return state;
  }

  /** As `replayWorkspaceLog`. @throws {AppError} `signature_invalid`, `log_invalid` */
  workspace(entries: readonly SignedEntry[], accounts: Accounts, id: WorkspaceId): WorkspaceState {
    const known = this.#workspaces.get(id);
    const state = known !== undefined && continues(known.entries, entries) && grew(known.accounts, accounts)
      ? appended(known.state, entries.slice(known.entries.length), accounts)
      : replayWorkspaceLog(entries, accounts, id);
    this.#workspaces.set(id, { entries, state, accounts });
    return state;
  }
}

/** The same object for the same log: what was made of it can be kept too. */
function appended(state: WorkspaceState, entries: readonly SignedEntry[], accounts: Accounts): WorkspaceState {
  return entries.length === 0 ? state : appendWorkspaceEntries(state, entries, accounts);
}

function continues(known: readonly SignedEntry[], entries: readonly SignedEntry[]): boolean {
  return entries.length >= known.length && known.every((entry, i) => isSame(entry, entries[i]!));
}

function isSame(a: SignedEntry, b: SignedEntry): boolean {
  return a.type === b.type && a.body === b.body && a.sigs.length === b.sigs.length &&
    a.sigs.every(({ key, sig }, i) => key === b.sigs[i]!.key && sig === b.sigs[i]!.sig);
}

/** Whether each account is what it was, or has become longer. */
function grew(before: Accounts, now: Accounts): boolean {
  for (const [user, { head }] of before) if (now.get(user)?.hashes[head.seq - 1] !== head.hash) return false;
  return true;
}
