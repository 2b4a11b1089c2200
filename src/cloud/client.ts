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
import type { SignedEntry } from "../contract/entry_fields.ts";
import type { CommitsPage, EnvironmentHead, Snapshot, VersionsPage } from "../contract/environments.ts";
import { ENDPOINTS } from "../contract/endpoints.ts";
import { HeadMoved, type ServerVersion } from "../contract/problem.ts";
import type { AppendWorkspace, Grants, WorkspaceCreated, WorkspaceInfo } from "../contract/workspaces.ts";
import type { Bytes } from "../kernel/bytes.ts";
import type { EnvironmentId, Sid, UserId, WorkspaceId } from "../kernel/names.ts";
import { AppError } from "../kernel/error.ts";
import { Caller, type CallOptions, type SyncClientParts } from "./caller.ts";
import type { Prove } from "./session.ts";

/** A request's fields without the challenge, which the client fetches itself. */
export type WithoutChallenge<T> = Omit<T, "challenge">;

/** Extras of writes that need a person: the token of a fresh {@linkcode SyncClient.stepUp}. */
export interface StepUpOption {
  readonly stepUp?: Session;
}

export { HeadMoved, type SyncClientParts };

/** The typed client of one server. */
export class SyncClient {
  readonly #caller: Caller;

  constructor(parts: SyncClientParts) {
    this.#caller = new Caller(parts);
  }

  /** The server's identity. */
  get origin(): string {
    return this.#caller.transport.origin;
  }

  // -- getting in (§1)

  /**
   * Registers an account; `prove` signs with L. The session is saved.
   *
   * @throws {AppError} `registration_refused`, `name_taken`, `log_invalid`, `signature_invalid`, `login_refused`
   */
  async register(request: WithoutChallenge<RegisterRequest>, prove: Prove, signal?: AbortSignal): Promise<Registered> {
    return await this.#entered(await this.#caller.prove(ENDPOINTS.register, request, prove, { signal }));
  }

  /** Logs in; `prove` signs with L. The session is saved. @throws {AppError} `login_refused` */
  async login(akId: Bytes, prove: Prove, signal?: AbortSignal): Promise<LoggedIn> {
    return await this.#entered(await this.#caller.prove(ENDPOINTS.login, { ak_id: akId }, prove, { signal }));
  }

  /** Proves the password again, for governance; `prove` signs with L. @throws {AppError} `login_refused` */
  async stepUp(akId: Bytes, prove: Prove, signal?: AbortSignal): Promise<SteppedUp> {
    await this.#caller.ready(signal);
    return await this.#caller.prove(ENDPOINTS.stepUp, { ak_id: akId }, prove, { signal });
  }

  /**
   * A new session signed by D, saved. The client does so itself when a session has ended.
   *
   * @throws {AppError} `not_logged_in`
   */
  async renew(signal?: AbortSignal): Promise<Session> {
    return await this.#caller.renew(signal);
  }

  /**
   * Replaces password or account key; `prove` signs with the new L. Other sessions end.
   *
   * @throws {AppError} `login_refused`, `head_moved`, `password_required`
   */
  async putCredentials(
    request: WithoutChallenge<CredentialsRequest>,
    prove: Prove,
    stepUp: Session,
    signal?: AbortSignal,
  ): Promise<CredentialsChanged> {
    return await this.#caller.prove(ENDPOINTS.putCredentials, request, prove, { stepUp, signal });
  }

  /** Opens a recovery; `prove` signs with R. @throws {AppError} `login_refused` */
  async recoverStart(rcId: Bytes, prove: Prove, signal?: AbortSignal): Promise<RecoverStarted> {
    return await this.#caller.prove(ENDPOINTS.recoverStart, { rc_id: rcId }, prove, { signal });
  }

  /**
   * Ends a recovery; `prove` signs with the old R. All sessions end; the new one is saved.
   *
   * @throws {AppError} `login_refused`, `head_moved`, `log_invalid`, `signature_invalid`
   */
  async recoverFinish(
    request: WithoutChallenge<RecoverFinishRequest>,
    prove: Prove,
    signal?: AbortSignal,
  ): Promise<Recovered> {
    return await this.#entered(await this.#caller.prove(ENDPOINTS.recoverFinish, request, prove, { signal }));
  }

  async #entered<T extends { readonly session: Session }>(answer: T): Promise<T> {
    await this.#caller.adopt(answer.session);
    return answer;
  }

  // -- the account's own things

  /** Who this session belongs to. */
  async account(signal?: AbortSignal): Promise<Account> {
    return await this.#caller.call(ENDPOINTS.getAccount, undefined, { signal });
  }

  /** All entries after `after` (default 0: everything), page by page. */
  async accountLog(after = 0, signal?: AbortSignal): Promise<LogPage> {
    return await this.#log(after, (at) => this.#caller.call(ENDPOINTS.getAccountLog, undefined, at), signal);
  }

  /**
   * Appends; `after` is the sequence number the first entry follows.
   *
   * @throws {AppError} `head_moved`, `log_invalid`, `signature_invalid`
   */
  async appendAccountLog(after: number, entries: readonly SignedEntry[], signal?: AbortSignal): Promise<Appended> {
    const body = { entries: [...entries] };
    return await this.#caller.call(ENDPOINTS.postAccountLog, body, { ifMatch: after, signal });
  }

  /** Another user's account log, when a workspace is shared with them. @throws {AppError} `not_on_server` */
  async userLog(userId: UserId, after = 0, signal?: AbortSignal): Promise<LogPage> {
    const params = { user: userId };
    return await this.#log(
      after,
      (at) => this.#caller.call(ENDPOINTS.getUserLog, undefined, { ...at, params }),
      signal,
    );
  }

  /** Sessions of the account, newest first. */
  async sessions(signal?: AbortSignal): Promise<SessionInfo[]> {
    return (await this.#caller.call(ENDPOINTS.getSessions, undefined, { signal })).sessions;
  }

  /** Ends a session; `"current"` is this one, which is then forgotten. Ending one that has ended is fine. */
  async endSession(id: string, signal?: AbortSignal): Promise<void> {
    await this.#caller.call(ENDPOINTS.deleteSession, undefined, { params: { session: id }, signal });
    if (id === "current") await this.#caller.adopt(undefined);
  }

  /** The account's pins blob; version 0 and null before the first. */
  async pins(signal?: AbortSignal): Promise<Pins> {
    return await this.#caller.call(ENDPOINTS.getPins, undefined, { signal });
  }

  /** Replaces the pins blob of `version`; gives the new version. @throws {AppError} `head_moved` */
  async putPins(version: number, data: Bytes, signal?: AbortSignal): Promise<number> {
    return (await this.#caller.call(ENDPOINTS.putPins, { data }, { ifMatch: version, signal })).version;
  }

  // -- workspaces

  /**
   * Creates a workspace from entries that begin with `ws.create`, with grants and blobs: all or nothing.
   *
   * @throws {AppError} `log_invalid`, `signature_invalid`, `password_required`
   */
  async createWorkspace(
    batch: AppendWorkspace,
    options: StepUpOption = {},
    signal?: AbortSignal,
  ): Promise<WorkspaceCreated> {
    return await this.#caller.call(ENDPOINTS.postWorkspace, batch, { ...options, signal });
  }

  /** Workspaces the account is a member of, sorted by id. */
  async workspaces(signal?: AbortSignal): Promise<WorkspaceInfo[]> {
    return (await this.#caller.call(ENDPOINTS.getWorkspaces, undefined, { signal })).workspaces;
  }

  /** All entries after `after` (default 0: everything), page by page. @throws {AppError} `not_on_server` */
  async workspaceLog(ws: WorkspaceId, after = 0, signal?: AbortSignal): Promise<LogPage> {
    const params = { ws };
    return await this.#log(
      after,
      (at) => this.#caller.call(ENDPOINTS.getWorkspaceLog, undefined, { ...at, params }),
      signal,
    );
  }

  /**
   * Appends entries, grants and blobs: all or nothing. Entries that only A may sign need a step-up.
   *
   * @throws {AppError} `head_moved`, `log_invalid`, `signature_invalid`, `password_required`
   */
  async appendWorkspaceLog(
    ws: WorkspaceId,
    after: number,
    batch: AppendWorkspace,
    options: StepUpOption = {},
    signal?: AbortSignal,
  ): Promise<Appended> {
    const params = { ws };
    return await this.#caller.call(ENDPOINTS.postWorkspaceLog, batch, { params, ifMatch: after, ...options, signal });
  }

  /** Grants sealed to the caller and the workspace's blobs, of entries after `after` (default 0). */
  async grants(ws: WorkspaceId, after = 0, signal?: AbortSignal): Promise<Grants> {
    const query = { recipient: "me", after };
    return await this.#caller.call(ENDPOINTS.getGrants, undefined, { params: { ws }, query, signal });
  }

  // -- environments

  /** Where the environment stands. @throws {AppError} `not_on_server` */
  async environment(env: EnvironmentId, signal?: AbortSignal): Promise<EnvironmentHead> {
    return await this.#caller.call(ENDPOINTS.getEnvironment, undefined, { params: { env }, signal });
  }

  /** The head commit and every item, tombstones included, in one consistent read. @throws {AppError} `not_on_server` */
  async snapshot(env: EnvironmentId, signal?: AbortSignal): Promise<Snapshot> {
    return await this.#caller.call(ENDPOINTS.getSnapshot, undefined, { params: { env }, signal });
  }

  /** All commits after `after` (default 0), page by page. @throws {AppError} `not_on_server` */
  async commits(env: EnvironmentId, after = 0, signal?: AbortSignal): Promise<CommitsPage> {
    const params = { env };
    const { entries: commits, head } = await this.#log(after, async (at) => {
      const page = await this.#caller.call(ENDPOINTS.getCommits, undefined, { ...at, params });
      return { entries: page.commits, head: page.head };
    }, signal);
    return { commits, head };
  }

  /** Versions of one secret, newest first; all of them, page by page. Empty for an unknown sid. */
  async versions(env: EnvironmentId, sid: Sid, signal?: AbortSignal): Promise<VersionsPage["versions"]> {
    const all: VersionsPage["versions"] = [];
    for (;;) {
      const query = { before: all.at(-1)?.ver };
      const options = { params: { env, sid }, query, signal };
      const { versions, more } = await this.#caller.call(ENDPOINTS.getVersions, undefined, options);
      // Strictly falling, so that a server cannot keep the client asking.
      for (const version of versions) {
        if (version.ver >= (all.at(-1)?.ver ?? Infinity)) throw this.#malformed();
        all.push(version);
      }
      if (!more || versions.length === 0) return all;
    }
  }

  /**
   * Appends a commit; `after` is the sequence number it follows.
   *
   * @throws {AppError} `head_moved` (cause: {@linkcode HeadMoved}), `stale_epoch`, `log_invalid`, `signature_invalid`,
   *   `role_required`, `not_on_server`
   */
  async postCommit(
    env: EnvironmentId,
    after: number,
    commit: SignedEntry,
    envelopes: readonly Bytes[],
    signal?: AbortSignal,
  ): Promise<Appended> {
    const body = { commit, envelopes: [...envelopes] };
    return await this.#caller.call(ENDPOINTS.postCommit, body, { params: { env }, ifMatch: after, signal });
  }

  // -- audit

  /** Sends audit events. @throws {AppError} `head_moved`, `signature_invalid` */
  async postAudit(ws: WorkspaceId, request: PostAudit, signal?: AbortSignal): Promise<AuditPosted> {
    return await this.#caller.call(ENDPOINTS.postAudit, request, { params: { ws }, signal });
  }

  /** A page of the workspace's audit. @throws {AppError} `role_required` */
  async audit(
    ws: WorkspaceId,
    filter: { readonly source?: string; readonly after?: number } = {},
    signal?: AbortSignal,
  ): Promise<AuditPage> {
    return await this.#caller.call(ENDPOINTS.getAudit, undefined, { params: { ws }, query: filter, signal });
  }

  // -- the server itself

  /** Name and version of the server. */
  async version(signal?: AbortSignal): Promise<ServerVersion> {
    return await this.#caller.call(ENDPOINTS.version, undefined, { signal });
  }

  /** Frees the transport. */
  async close(): Promise<void> {
    await this.#caller.transport.close();
  }

  /** Pages of a log, joined. Each must bring something, so that a server cannot keep the client asking. */
  async #log(after: number, fetch: FetchPage, signal?: AbortSignal): Promise<LogPage> {
    const entries: SignedEntry[] = [];
    for (;;) {
      const page = await fetch({ query: { after: after + entries.length }, signal });
      entries.push(...page.entries);
      const complete = after + entries.length >= (page.head?.seq ?? 0);
      if (complete) return { entries, head: page.head };
      if (page.entries.length === 0) throw this.#malformed();
    }
  }

  #malformed(): AppError {
    return new AppError("server_error", { origin: this.origin, status: 200 });
  }
}

type FetchPage = (options: Pick<CallOptions, "query" | "signal">) => Promise<LogPage>;
