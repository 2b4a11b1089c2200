/**
 * Replay of a workspace log (docs/spec/protocol.md §4.3) by every client and by the server, with the same rules.
 *
 * @module
 */

import type { LogHead, SignedEntry, UserAuthor } from "../contract/entry_fields.ts";
import { type WorkspaceEntryBody, workspaceEntryBody, type WorkspacePayload } from "../contract/workspace_entries.ts";
import { workspaceIdOf } from "../crypto/verify/ids.ts";
import { fromUtf8 } from "../kernel/bytes.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import { isUserId, type UserId, type WorkspaceId } from "../kernel/names.ts";
import { type AccountState, deviceByKey, hasEntry, signingKey } from "./account_state.ts";
import { type OpenedEntry, openNext, refuse, signedBy } from "./log_chain.ts";
import { atLeast } from "./rules/members.ts";
import { RULES } from "./rules/table.ts";
import { changed, latest } from "./timeline.ts";
import { type Accounts, draftOf, type RuleContext, type WorkspaceDraft } from "./workspace_draft.ts";
import type { EntryStamp, WorkspaceState } from "./workspace_state.ts";

export type { Accounts } from "./workspace_draft.ts";

const LOG = "workspace log";

/** How new entries are judged more strictly than those that a log already holds. */
export interface AppendOptions {
  /**
   * The server's clock in milliseconds: expiries are held against it, and authors must know the head of their own account
   * log, so that a revoked device cannot write by naming an older place.
   */
  readonly now?: number;
}

/**
 * The workspace after all `entries`, the genesis first.
 *
 * @param accounts Replayed account logs of everyone whom {@linkcode usersIn} names.
 * @param workspaceId The workspace that is meant; the log of another is refused.
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function replayWorkspaceLog(
  entries: readonly SignedEntry[],
  accounts: Accounts,
  workspaceId?: WorkspaceId,
  options: AppendOptions = {},
): WorkspaceState {
  const [genesis, ...rest] = entries;
  if (genesis === undefined) refuse(LOG, 1, "it is missing");
  const state = begin(openNext(genesis, workspaceEntryBody, LOG, undefined), accounts, options);
  if (workspaceId !== undefined && state.id !== workspaceId) refuse(LOG, 1, "it is another workspace's");
  return appendWorkspaceEntries(state, rest, accounts, options);
}

/**
 * The workspace after `entries` more. `state` stays as it was, also when one of them is refused: a batch counts whole or not.
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`; `head_moved` for an author behind its account log, when `now` is given
 */
export function appendWorkspaceEntries(
  state: WorkspaceState,
  entries: readonly SignedEntry[],
  accounts: Accounts,
  options: AppendOptions = {},
): WorkspaceState {
  const draft = draftOf(state);
  for (const entry of entries) {
    apply(draft, openNext(entry, workspaceEntryBody, LOG, draft.head), accounts, options);
  }
  return draft;
}

/**
 * Everyone whose account log replaying `entries` takes, in order of appearance. Reads bodies before they are verified: a name
 * too many costs a request, and an entry that does not parse is left for the replay to refuse.
 */
export function usersIn(entries: readonly SignedEntry[]): UserId[] {
  const users = new Set<UserId>();
  for (const { body } of entries) {
    const { author, payload } = unverifiedBody(body);
    for (const id of [author?.user, payload?.user_id]) if (typeof id === "string" && isUserId(id)) users.add(id);
  }
  return [...users];
}

interface Unverified {
  readonly author?: { readonly user?: unknown };
  readonly payload?: { readonly user_id?: unknown };
}

function unverifiedBody(body: string): Unverified {
  try {
    return (JSON.parse(fromUtf8(fromBase64Url(body) ?? new Uint8Array(0))) ?? {}) as Unverified;
  } catch {
    return {};
  }
}

function begin(opened: OpenedEntry<WorkspaceEntryBody>, accounts: Accounts, options: AppendOptions): WorkspaceState {
  const { body, bytes, head, signers } = opened;
  if (body.type !== "ws.create") refuse(LOG, 1, "it is not a genesis");
  const { author, payload, ts } = body;
  const account = accountOf(author, accounts, 1, options);
  if (author.key !== signingKey(account, author.account.seq) || !signedBy(signers, author.key)) {
    refuse(LOG, 1, "it is not signed by its author's account key");
  }
  const created: EntryStamp = { seq: 1, at: ts, by: author.user };
  return {
    id: workspaceIdOf(bytes),
    head,
    hashes: [head.hash],
    created,
    deleted: undefined,
    names: undefined,
    policy: payload.policy,
    epochs: [],
    members: new Map([[author.user, {
      userId: author.user,
      role: changed(undefined, 1, "owner" as const),
      account: changed<LogHead>(undefined, 1, author.account),
      joined: created,
    }]]),
    invites: new Map(),
    projects: new Map(),
    environments: new Map(),
    agents: new Map(),
    allowlist: [],
  };
}

/** The author's account, in which the place that the entry names must be real. */
function accountOf(author: UserAuthor, accounts: Accounts, seq: number, options: AppendOptions): AccountState {
  const account = accounts.get(author.user);
  if (account === undefined) refuse(LOG, seq, `the account log of ${author.user} is missing`);
  if (!hasEntry(account, author.account)) refuse(LOG, seq, "it names an account log that is not the real one");
  if (options.now !== undefined && author.account.seq !== account.head.seq) {
    throw new AppError("head_moved", { what: "the account log" });
  }
  return account;
}

function apply(
  draft: WorkspaceDraft,
  { body, head, signers }: OpenedEntry<WorkspaceEntryBody>,
  accounts: Accounts,
  options: AppendOptions,
): void {
  const { seq, author } = body;
  if (body.type === "ws.create") refuse(LOG, seq, "there is a genesis already");
  if (body.ws !== draft.id) refuse(LOG, seq, "it is another workspace's");
  if (draft.deleted !== undefined) refuse(LOG, seq, "the workspace was deleted");
  checkAuthor(draft, body, signers, accountOf(author, accounts, seq, options));
  const context: RuleContext = {
    draft,
    accounts,
    stamp: { seq, at: body.ts, by: author.user },
    account: author.account,
    now: options.now,
    refuse: (reason) => refuse(LOG, seq, reason),
  };
  dispatch(context, body);
  advance(draft, author, head);
}

type LaterBody = Exclude<WorkspaceEntryBody, { type: "ws.create" }>;

function dispatch<T extends LaterBody["type"]>(
  context: RuleContext,
  body: { readonly type: T; readonly payload: WorkspacePayload<T> },
): void {
  RULES[body.type].apply(context, body.payload);
}

/** Key and role, as the table says. */
function checkAuthor(draft: WorkspaceDraft, body: LaterBody, signers: readonly string[], account: AccountState): void {
  const { seq, author } = body;
  const rule = RULES[body.type];
  const isAdminKey = author.key === signingKey(account, author.account.seq);
  const isDeviceKey = deviceByKey(account, author.key, author.account.seq) !== undefined;
  if (!isAdminKey && (rule.signer !== "A or D" || !isDeviceKey)) {
    refuse(LOG, seq, `it needs ${rule.signer === "A or D" ? "a key" : "the account key"} of its author`);
  }
  const required = body.type === "member.join"
    ? [author.key, draft.invites.get(body.payload.invite_id)?.signingKey ?? ""]
    : [author.key];
  if (!signedBy(signers, ...required)) refuse(LOG, seq, "it is not signed by its author");
  const member = draft.members.get(author.user);
  // Once a log has heard of a revocation, no entry may hide behind an older place of the account log.
  if (author.account.seq < (latest(member?.account)?.seq ?? 1)) refuse(LOG, seq, "it names an outdated account log");
  if (rule.role === "none") return;
  const role = latest(member?.role);
  if (role === undefined) refuse(LOG, seq, "its author is not a member");
  if (!atLeast(role, rule.role)) refuse(LOG, seq, "its author's role is too low");
}

function advance(draft: WorkspaceDraft, author: UserAuthor, head: LogHead): void {
  draft.head = head;
  draft.hashes.push(head.hash);
  const member = draft.members.get(author.user);
  if (member === undefined || latest(member.account)!.seq >= author.account.seq) return;
  draft.members.set(author.user, { ...member, account: changed(member.account, head.seq, author.account) });
}
