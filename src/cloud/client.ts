/**
 * {@linkcode SyncClient}: one method per endpoint of the sync API (docs/spec/protocol.md §7).
 *
 * Sends sealed blobs and signed entries only. Every answer is parsed against the contract before anyone sees it; what it
 * means is verified elsewhere (src/ledger, src/vault). Every method may throw `server_unreachable`, `server_error`,
 * `rate_limited` and, where a session is needed, `not_logged_in`.
 *
 * @module
 */

import type { Account, Appended, LogPage, Pins, SessionInfo } from "../contract/account.ts";
import type { AuditPage, AuditPosted, PostAudit } from "../contract/audit.ts";
import type {
  CredentialsChanged,
  CredentialsRequest,
  LoggedIn,
  Recovered,
  RecoverFinishRequest,
  RecoverStarted,
  Registered,
  RegisterRequest,
  Session,
  SteppedUp,
} from "../contract/auth.ts";
import type { SignedEntry } from "../contract/entries.ts";
import type { CommitsPage, EnvironmentHead, Snapshot, VersionsPage } from "../contract/environments.ts";
import { HeadMoved, type ServerVersion } from "../contract/problem.ts";
import type { AppendWorkspace, Grants, WorkspaceCreated, WorkspaceInfo } from "../contract/workspaces.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { EnvironmentId, Sid, UserId, WorkspaceId } from "../kernel/names.ts";
import type { Clock } from "../ports/clock.ts";
import type { Random } from "../ports/random.ts";
import type { SyncTransport } from "../ports/sync_transport.ts";
import type { Prove, SessionStore } from "./session.ts";

/** What the client is made of. */
export interface SyncClientParts {
  readonly transport: SyncTransport;
  readonly clock: Pick<Clock, "now">;
  /** For idempotency keys. */
  readonly random: Random;
  /** Left out for calls that need no session. */
  readonly session?: SessionStore;
}

/** A request's fields without the challenge, which the client fetches itself. */
export type WithoutChallenge<T> = Omit<T, "challenge">;

/** Extras of writes that need a person: the token of a fresh {@linkcode SyncClient.stepUp}. */
export interface StepUpOption {
  readonly stepUp?: Session;
}

export { HeadMoved };

/** The typed client of one server. */
export class SyncClient {
  constructor(_parts: SyncClientParts) {}

  /** The server's identity. */
  get origin(): string {
    throw new Error("unfinished");
  }

  // -- getting in (§1)

  /** Registers an account; `prove` signs with L. The session is saved. @throws {AppError} `name_taken`, `log_invalid`, `signature_invalid`, `login_refused` */
  register(_request: WithoutChallenge<RegisterRequest>, _prove: Prove, _signal?: AbortSignal): Promise<Registered> {
    throw new Error("unfinished");
  }

  /** Logs in; `prove` signs with L. The session is saved. @throws {AppError} `login_refused` */
  login(_akId: Bytes, _prove: Prove, _signal?: AbortSignal): Promise<LoggedIn> {
    throw new Error("unfinished");
  }

  /** Proves the password again, for governance; `prove` signs with L. @throws {AppError} `login_refused` */
  stepUp(_akId: Bytes, _prove: Prove, _signal?: AbortSignal): Promise<SteppedUp> {
    throw new Error("unfinished");
  }

  /** A new session signed by D, saved. Called by the client itself when a session has ended. @throws {AppError} `not_logged_in` */
  renew(_signal?: AbortSignal): Promise<Session> {
    throw new Error("unfinished");
  }

  /** Replaces password or account key; `prove` signs with the new L. @throws {AppError} `login_refused`, `head_moved`, `password_required` */
  putCredentials(
    _request: WithoutChallenge<CredentialsRequest>,
    _prove: Prove,
    _stepUp: Session,
    _signal?: AbortSignal,
  ): Promise<CredentialsChanged> {
    throw new Error("unfinished");
  }

  /** Opens a recovery; `prove` signs with R. @throws {AppError} `login_refused` */
  recoverStart(_rcId: Bytes, _prove: Prove, _signal?: AbortSignal): Promise<RecoverStarted> {
    throw new Error("unfinished");
  }

  /** Ends a recovery; `prove` signs with the old R. All sessions end; the new one is saved. @throws {AppError} `login_refused`, `head_moved`, `log_invalid` */
  recoverFinish(
    _request: WithoutChallenge<RecoverFinishRequest>,
    _prove: Prove,
    _signal?: AbortSignal,
  ): Promise<Recovered> {
    throw new Error("unfinished");
  }

  // -- the account's own things

  /** Who this session belongs to. */
  account(_signal?: AbortSignal): Promise<Account> {
    throw new Error("unfinished");
  }

  /** All entries after `after` (default 0: everything), page by page. */
  accountLog(_after?: number, _signal?: AbortSignal): Promise<LogPage> {
    throw new Error("unfinished");
  }

  /** Appends; `after` is the sequence number the first entry follows. @throws {AppError} `head_moved`, `log_invalid`, `signature_invalid` */
  appendAccountLog(_after: number, _entries: readonly SignedEntry[], _signal?: AbortSignal): Promise<Appended> {
    throw new Error("unfinished");
  }

  /** Another user's account log, when a workspace is shared with them. */
  userLog(_userId: UserId, _after?: number, _signal?: AbortSignal): Promise<LogPage> {
    throw new Error("unfinished");
  }

  /** Sessions of the account, newest first. */
  sessions(_signal?: AbortSignal): Promise<SessionInfo[]> {
    throw new Error("unfinished");
  }

  /** Ends a session; `"current"` is this one. Ending one that has ended is fine. */
  endSession(_id: string, _signal?: AbortSignal): Promise<void> {
    throw new Error("unfinished");
  }

  /** The account's pins blob; version 0 and null before the first. */
  pins(_signal?: AbortSignal): Promise<Pins> {
    throw new Error("unfinished");
  }

  /** Replaces the pins blob of `version`; gives the new version. @throws {AppError} `head_moved` */
  putPins(_version: number, _data: Bytes, _signal?: AbortSignal): Promise<number> {
    throw new Error("unfinished");
  }

  // -- workspaces

  /** Creates a workspace from entries that begin with `ws.create`, with grants and blobs: all or nothing. @throws {AppError} `log_invalid`, `signature_invalid`, `password_required` */
  createWorkspace(_batch: AppendWorkspace, _options?: StepUpOption, _signal?: AbortSignal): Promise<WorkspaceCreated> {
    throw new Error("unfinished");
  }

  /** Workspaces the account is a member of, sorted by id. */
  workspaces(_signal?: AbortSignal): Promise<WorkspaceInfo[]> {
    throw new Error("unfinished");
  }

  /** All entries after `after` (default 0: everything), page by page. */
  workspaceLog(_ws: WorkspaceId, _after?: number, _signal?: AbortSignal): Promise<LogPage> {
    throw new Error("unfinished");
  }

  /** Appends entries, grants and blobs: all or nothing. @throws {AppError} `head_moved`, `log_invalid`, `signature_invalid`, `password_required` without a step-up where A signs */
  appendWorkspaceLog(
    _ws: WorkspaceId,
    _after: number,
    _batch: AppendWorkspace,
    _options?: StepUpOption,
    _signal?: AbortSignal,
  ): Promise<Appended> {
    throw new Error("unfinished");
  }

  /** Grants sealed to the caller and the workspace's blobs, of entries after `after` (default 0). */
  grants(_ws: WorkspaceId, _after?: number, _signal?: AbortSignal): Promise<Grants> {
    throw new Error("unfinished");
  }

  // -- environments

  /** Where the environment stands. @throws {AppError} `environment_not_found` */
  environment(_env: EnvironmentId, _signal?: AbortSignal): Promise<EnvironmentHead> {
    throw new Error("unfinished");
  }

  /** The head commit and every item, tombstones included, in one consistent read. */
  snapshot(_env: EnvironmentId, _signal?: AbortSignal): Promise<Snapshot> {
    throw new Error("unfinished");
  }

  /** All commits after `after` (default 0), page by page. */
  commits(_env: EnvironmentId, _after?: number, _signal?: AbortSignal): Promise<CommitsPage> {
    throw new Error("unfinished");
  }

  /** Versions of one secret, newest first; all of them, page by page. Empty for an unknown sid. */
  versions(_env: EnvironmentId, _sid: Sid, _signal?: AbortSignal): Promise<VersionsPage["versions"]> {
    throw new Error("unfinished");
  }

  /** Appends a commit; `after` is the sequence number it follows. @throws {AppError} `head_moved` (cause: HeadMoved), `stale_epoch`, `log_invalid`, `signature_invalid`, `role_required` */
  postCommit(
    _env: EnvironmentId,
    _after: number,
    _commit: SignedEntry,
    _envelopes: readonly Bytes[],
    _signal?: AbortSignal,
  ): Promise<Appended> {
    throw new Error("unfinished");
  }

  // -- audit

  /** Sends audit events. @throws {AppError} `head_moved`, `signature_invalid` */
  postAudit(_ws: WorkspaceId, _request: PostAudit, _signal?: AbortSignal): Promise<AuditPosted> {
    throw new Error("unfinished");
  }

  /** A page of the workspace's audit. */
  audit(
    _ws: WorkspaceId,
    _filter?: { readonly source?: string; readonly after?: number },
    _signal?: AbortSignal,
  ): Promise<AuditPage> {
    throw new Error("unfinished");
  }

  // -- the server itself

  /** Name and version of the server. */
  version(_signal?: AbortSignal): Promise<ServerVersion> {
    throw new Error("unfinished");
  }

  /** Frees the transport. */
  close(): Promise<void> {
    throw new Error("unfinished");
  }
}
