/**
 * Environment commits (docs/spec/protocol.md §4.4): one hash chain per environment, and snapshots that hang on its head.
 *
 * @module
 */

import type { LogHead, SignedEntry } from "../contract/entry_fields.ts";
import {
  type CommitAuthor,
  type EnvironmentCommitBody,
  environmentCommitBody,
  type SnapshotItem,
} from "../contract/environment_commits.ts";
import { snapshotRoot } from "../crypto/verify/snapshot_root.ts";
import { AppError } from "../kernel/error.ts";
import type { Sid } from "../kernel/names.ts";
import { deviceByKey, hasEntry, signingKey } from "./account_state.ts";
import { appliedChanges, changesProblem, liveCount } from "./changes.ts";
import type { ChangeRecord, EnvironmentPlace, EnvironmentState } from "./environment_state.ts";
import { type OpenedEntry, openEntry, openNext, refuse, signedBy } from "./log_chain.ts";
import { latest, valueAt } from "./timeline.ts";
import type { Accounts } from "./workspace_draft.ts";
import {
  accessOf,
  agentTerms,
  type EnvironmentRecord,
  keyEpoch,
  needsRotation,
  type WorkspaceState,
} from "./workspace_state.ts";

const LOG = "environment log";

/** What commits are judged by. */
export interface CommitContext {
  /** The verified workspace log, at least as long as any commit's `ws_head`. */
  readonly workspace: WorkspaceState;
  /** Account logs of every author. */
  readonly accounts: Accounts;
  /**
   * The server's clock in milliseconds when it takes new commits: then authors must be authorised now, not only at the place
   * of the workspace log that they name, the epoch must be the current one, and agents must not have expired.
   */
  readonly now?: number;
}

/** A commit with its signature, place and author checked. */
export interface VerifiedCommit {
  readonly head: LogHead;
  readonly body: EnvironmentCommitBody;
}

/** A snapshot as a client got it; each item's `h` is computed from the bytes that came, never taken from the server. */
export interface Snapshot {
  /** The head commit, or undefined for an environment without commits. */
  readonly head: SignedEntry | undefined;
  readonly items: readonly SnapshotItem[];
  /** The commits after the pin, up to and with the head. Needed only when the head is ahead of the pin. */
  readonly since?: readonly SignedEntry[];
}

/** An environment without commits. */
export function emptyEnvironment(place: EnvironmentPlace): EnvironmentState {
  return { place, head: undefined, wsSeq: 0, items: new Map() };
}

/**
 * The environment after `commits` more. Signatures, chain, authors and versions are checked for every commit, the root for the
 * last (which covers all items, so nothing before it can hide).
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`; with `now` also `stale_epoch`, `head_moved`
 */
export function appendCommits(
  environment: EnvironmentState,
  commits: readonly SignedEntry[],
  context: CommitContext,
): EnvironmentState {
  let { head, wsSeq, items } = environment;
  let last: EnvironmentCommitBody | undefined;
  for (const entry of commits) {
    const opened = openNext(entry, environmentCommitBody, LOG, head);
    last = opened.body;
    checkCommit(opened, environment.place, wsSeq, context);
    const problem = changesProblem(items, last.changes);
    if (problem !== undefined) refuse(LOG, last.seq, problem);
    ({ head } = opened);
    items = appliedChanges(items, last.changes);
    wsSeq = last.ws_head.seq;
  }
  if (last !== undefined && (snapshotRoot(items.values()) !== last.root || liveCount(items) !== last.count)) {
    refuse(LOG, last.seq, "its root is not that of its items");
  }
  return { place: environment.place, head, wsSeq, items };
}

/**
 * Every change in `commits`, which must begin with the first one, and the environment that they lead to.
 *
 * @throws {AppError} as {@linkcode appendCommits}
 */
export function replayEnvironment(
  place: EnvironmentPlace,
  commits: readonly SignedEntry[],
  context: CommitContext,
): { readonly environment: EnvironmentState; readonly changes: readonly ChangeRecord[] } {
  const environment = appendCommits(emptyEnvironment(place), commits, context);
  const changes = commits.flatMap((entry, i) => {
    const { body } = openEntry(entry, environmentCommitBody, LOG, i + 1);
    return body.changes.map(({ sid, ver, op, h }): ChangeRecord => {
      return { seq: body.seq, sid, ver, op, h, author: body.author, at: body.ts };
    });
  });
  return { environment, changes };
}

/**
 * The environment that a snapshot shows, if its head commit verifies, its author was authorised, every item's hash and the root
 * match, and the head is or extends `pin`.
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`, `snapshot_invalid`, `pin_mismatch`
 */
export function verifySnapshot(
  place: EnvironmentPlace,
  snapshot: Snapshot,
  context: CommitContext,
  pin?: LogHead,
): EnvironmentState {
  const invalid = (reason: string): never => {
    throw new AppError("snapshot_invalid", { environment: place.env, reason });
  };
  if (snapshot.head === undefined) {
    if (pin !== undefined) throw mismatch(place, "it is older than what was seen before");
    if (snapshot.items.length > 0) invalid("it has secrets without a commit");
    return emptyEnvironment(place);
  }
  const { head, body } = verifyCommit(snapshot.head, place, context);
  const items = new Map<Sid, SnapshotItem>(snapshot.items.map((item) => [item.sid, item]));
  if (items.size !== snapshot.items.length) invalid("it lists a secret twice");
  if (snapshotRoot(items.values()) !== body.root) invalid("its secrets are not those that were signed");
  if (liveCount(items) !== body.count) invalid("its count is not the one that was signed");
  checkExtends(place, head, snapshot.since ?? [], context, pin);
  return { place, head, wsSeq: body.ws_head.seq, items };
}

/**
 * One commit by itself: signature, place and author, not what came before it.
 *
 * @throws {AppError} as {@linkcode appendCommits}
 */
export function verifyCommit(entry: SignedEntry, place: EnvironmentPlace, context: CommitContext): VerifiedCommit {
  const opened = openEntry(entry, environmentCommitBody, LOG, 0);
  checkCommit(opened, place, 0, context);
  return { head: opened.head, body: opened.body };
}

function mismatch(place: EnvironmentPlace, reason: string): AppError {
  return new AppError("pin_mismatch", { what: `the environment ${place.env}`, reason });
}

/** Follows the commits from the pin to the head: a server may be ahead of what was seen, never beside or behind it. */
function checkExtends(
  place: EnvironmentPlace,
  head: LogHead,
  since: readonly SignedEntry[],
  context: CommitContext,
  pin: LogHead | undefined,
): void {
  if (pin === undefined) return;
  if (head.seq < pin.seq) throw mismatch(place, "it is older than what was seen before");
  let at = pin, wsSeq = 0;
  for (const entry of since) {
    const opened = openEntry(entry, environmentCommitBody, LOG, at.seq + 1);
    if (opened.body.seq !== at.seq + 1 || opened.body.prev !== at.hash) {
      throw mismatch(place, "it contradicts what was seen before");
    }
    checkCommit(opened, place, wsSeq, context);
    at = opened.head;
    wsSeq = opened.body.ws_head.seq;
  }
  if (at.hash !== head.hash) throw mismatch(place, "it contradicts what was seen before");
}

/** Place, epoch and author of a commit, by the workspace log at the entry that it names. */
function checkCommit(
  { body, signers }: OpenedEntry<EnvironmentCommitBody>,
  place: EnvironmentPlace,
  wsSeqBefore: number,
  context: CommitContext,
): void {
  const { workspace } = context;
  const { seq, ws_head: at } = body;
  if (body.ws !== place.ws || body.project !== place.project || body.env !== place.env || workspace.id !== place.ws) {
    refuse(LOG, seq, "it belongs to another environment");
  }
  if (workspace.hashes[at.seq - 1] !== at.hash) refuse(LOG, seq, "it names a workspace log that is not the real one");
  // Going back would let a removed member's key write under the log of the time before the removal.
  if (at.seq < wsSeqBefore) refuse(LOG, seq, "it names an older workspace log than the commit before it");
  const environment = workspace.environments.get(place.env);
  if (environment === undefined || environment.projectId !== place.project || environment.created.seq > at.seq) {
    refuse(LOG, seq, "there is no such environment");
  }
  if (environment.deleted !== undefined && environment.deleted.seq <= at.seq) {
    refuse(LOG, seq, "the environment was deleted");
  }
  if (keyEpoch(environment, at.seq)?.epoch !== body.epoch) refuse(LOG, seq, "its epoch is not the one of its time");
  if (!signedBy(signers, body.author.key)) refuse(LOG, seq, "it is not signed by its author");
  checkWriter(environment, body, at.seq, context);
  if (context.now !== undefined) checkCurrent(environment, body, context, context.now);
}

function checkWriter(
  environment: EnvironmentRecord,
  body: EnvironmentCommitBody,
  wsSeq: number,
  context: CommitContext,
): void {
  const { workspace } = context;
  const { author, seq } = body;
  const id = "agent" in author ? author.agent : author.user;
  if (accessOf(workspace, environment, id, wsSeq)?.write !== true) refuse(LOG, seq, "its author may not write there");
  if (!ownsKey(author, wsSeq, context)) refuse(LOG, seq, "its author does not have that key");
  if ("agent" in author) {
    const expires = agentTerms(workspace, author.agent, wsSeq)?.expires ?? Infinity;
    if (body.ts > expires) refuse(LOG, seq, "its agent has expired");
  }
}

/** An agent's key, or a device certified and not revoked at a place of the account log that the workspace log allows. */
function ownsKey(author: CommitAuthor, wsSeq: number, { workspace, accounts }: CommitContext): boolean {
  if ("agent" in author) return workspace.agents.get(author.agent)?.signingKey === author.key;
  const account = accounts.get(author.user);
  const floor = valueAt(workspace.members.get(author.user)?.account, wsSeq)?.seq ?? Infinity;
  if (account === undefined || author.account.seq < floor || !hasEntry(account, author.account)) return false;
  return author.key === signingKey(account, author.account.seq) ||
    deviceByKey(account, author.key, author.account.seq) !== undefined;
}

/** What the server asks besides of a commit that is new. */
function checkCurrent(
  environment: EnvironmentRecord,
  body: EnvironmentCommitBody,
  context: CommitContext,
  now: number,
): void {
  const { workspace, accounts } = context;
  const { author, seq } = body;
  if (environment.deleted !== undefined) refuse(LOG, seq, "the environment was deleted");
  if (latest(environment.epochs)?.epoch !== body.epoch || needsRotation(workspace, environment)) {
    throw new AppError("stale_epoch", { environment: environment.id });
  }
  if ("agent" in author && now > (agentTerms(workspace, author.agent)?.expires ?? Infinity)) {
    refuse(LOG, seq, "its agent has expired");
  }
  const id = "agent" in author ? author.agent : author.user;
  if (accessOf(workspace, environment, id)?.write !== true) refuse(LOG, seq, "its author may not write there any more");
  if ("user" in author && accounts.get(author.user)?.head.seq !== author.account.seq) {
    throw new AppError("head_moved", { what: "the account log" });
  }
}
