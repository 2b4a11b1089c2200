/**
 * A workspace state under construction: replay applies entries to one draft instead of copying the state for each.
 *
 * @module
 */

import type { LogHead } from "../contract/entry_fields.ts";
import type { AccountState } from "./account_state.ts";
import type { UserId } from "../kernel/names.ts";
import type { EntryStamp, WorkspaceState } from "./workspace_state.ts";

/** The mutable twin of {@linkcode WorkspaceState}; the records inside are replaced, never changed. */
export type WorkspaceDraft = {
  -readonly [K in keyof WorkspaceState]: WorkspaceState[K] extends ReadonlyMap<infer A, infer B> ? Map<A, B>
    : K extends "hashes" ? string[]
    : WorkspaceState[K];
};

/** Account states by user: whoever appears in a log must be here, replayed at least as far as the log names. */
export type Accounts = ReadonlyMap<UserId, AccountState>;

/** What a rule may look at. */
export interface RuleContext {
  readonly draft: WorkspaceDraft;
  readonly accounts: Accounts;
  /** The entry: number, time, author. */
  readonly stamp: EntryStamp;
  /** The author's place in its account log. */
  readonly account: LogHead;
  /** The server's clock in milliseconds when it takes a new entry; undefined when replaying what was taken before. */
  readonly now: number | undefined;
  /** Refuses the entry. */
  refuse(reason: string): never;
}

/** An independent draft of `state`. */
export function draftOf(state: WorkspaceState): WorkspaceDraft {
  return {
    ...state,
    hashes: [...state.hashes],
    members: new Map(state.members),
    invites: new Map(state.invites),
    projects: new Map(state.projects),
    environments: new Map(state.environments),
    agents: new Map(state.agents),
  };
}
