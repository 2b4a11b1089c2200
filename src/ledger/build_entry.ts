/**
 * Bodies of new entries, ready to sign with src/crypto/sign_entry.ts. Each builder gives the place of its entry too, so that a
 * batch is built entry after entry and sent as one.
 *
 * @module
 */

import {
  type AccountEntryBody,
  accountEntryBody,
  type AccountEntryType,
  type AccountPayload,
} from "../contract/account_entries.ts";
import type { LogHead, UserAuthor } from "../contract/entry_fields.ts";
import { type CommitAuthor, type CommitChange, environmentCommitBody } from "../contract/environment_commits.ts";
import {
  type WorkspaceEntryBody,
  workspaceEntryBody,
  type WorkspaceEntryType,
  type WorkspacePayload,
} from "../contract/workspace_entries.ts";
import type { WorkspacePolicy } from "../contract/workspace_terms.ts";
import { workspaceIdOf } from "../crypto/verify/ids.ts";
import { sha256Text } from "../crypto/verify/sha256.ts";
import { snapshotRoot } from "../crypto/verify/snapshot_root.ts";
import { type Bytes, utf8 } from "../kernel/bytes.ts";
import type { WorkspaceId } from "../kernel/names.ts";
import type { AccountState } from "./account_state.ts";
import { appliedChanges, liveCount } from "./changes.ts";
import type { EnvironmentState } from "./environment_state.ts";

/** An entry to sign: exact bytes, and its place once signed. */
export interface UnsignedEntry {
  readonly type: string;
  readonly body: Bytes;
  readonly head: LogHead;
}

/** What the next workspace entry follows: a state, or the entry built before it. */
export interface WorkspacePosition {
  readonly id: WorkspaceId;
  readonly head: LogHead;
}

function unsigned(seq: number, body: { readonly type: string }): UnsignedEntry {
  const bytes = utf8(JSON.stringify(body));
  return { type: body.type, body: bytes, head: { seq, hash: sha256Text(bytes) } };
}

/** The author of entries signed with `key` (A or D, base64url), at the account's head. */
export function authorOf(account: Pick<AccountState, "userId" | "head">, key: string): UserAuthor {
  return { user: account.userId, account: account.head, key };
}

/** The next entry of an account log. `ts` in milliseconds since the Unix epoch. */
export function buildAccountEntry<T extends Exclude<AccountEntryType, "account.genesis">>(
  account: Pick<AccountState, "userId" | "head">,
  type: T,
  payload: AccountPayload<T>,
  ts: number,
): UnsignedEntry {
  const { seq, hash } = account.head;
  const body = { v: 1, user: account.userId, seq: seq + 1, prev: hash, type, ts, payload };
  return unsigned(seq + 1, accountEntryBody.parse(body) satisfies AccountEntryBody);
}

/** The genesis of a workspace, which gives it its id. `nonce`: base64url of 32 random bytes. */
export function buildWorkspaceGenesis(
  input: { readonly author: UserAuthor; readonly nonce: string; readonly policy: WorkspacePolicy; readonly ts: number },
): UnsignedEntry & WorkspacePosition {
  const { author, nonce, policy, ts } = input;
  const body = { v: 1, seq: 1, prev: null, type: "ws.create", ts, author, payload: { nonce, policy } };
  const entry = unsigned(1, workspaceEntryBody.parse(body) satisfies WorkspaceEntryBody);
  return { ...entry, id: workspaceIdOf(entry.body) };
}

/** The next entry of a workspace log; itself a position for the one after it. */
export function buildWorkspaceEntry<T extends Exclude<WorkspaceEntryType, "ws.create">>(
  at: WorkspacePosition,
  author: UserAuthor,
  type: T,
  payload: WorkspacePayload<T>,
  ts: number,
): UnsignedEntry & WorkspacePosition {
  const seq = at.head.seq + 1;
  const body = { v: 1, ws: at.id, seq, prev: at.head.hash, type, ts, author, payload };
  return { ...unsigned(seq, workspaceEntryBody.parse(body) satisfies WorkspaceEntryBody), id: at.id };
}

/**
 * The next commit of an environment. `changes` need `sid`, `op` and, for `set`, the envelope's hash at the version that
 * {@linkcode nextVersion} gives; `wsHead` is the workspace log's head as verified.
 */
export function buildCommit(
  environment: EnvironmentState,
  input: {
    readonly epoch: number;
    readonly wsHead: LogHead;
    readonly author: CommitAuthor;
    readonly changes: readonly CommitChange[];
    readonly ts: number;
  },
): UnsignedEntry {
  const { place, head } = environment;
  const seq = (head?.seq ?? 0) + 1;
  const items = appliedChanges(environment.items, input.changes);
  return unsigned(
    seq,
    environmentCommitBody.parse({
      v: 1,
      type: "env.commit",
      ws: place.ws,
      project: place.project,
      env: place.env,
      seq,
      prev: head?.hash ?? null,
      epoch: input.epoch,
      ws_head: input.wsHead,
      author: input.author,
      changes: input.changes,
      root: snapshotRoot(items.values()),
      count: liveCount(items),
      ts: input.ts,
    }),
  );
}
