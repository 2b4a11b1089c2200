/**
 * The sync server's storage: rows in, rows out, in transactions. It knows what is unique and what belongs together; what
 * may be written is decided in src/server.
 *
 * Every method may reject with `database_busy`, `database_damaged`, `disk_full` or `file_unwritable`.
 *
 * @module
 */

import type { Bytes } from "../kernel/bytes.ts";

/** An account as the server knows it: public keys and sealed blobs. */
export interface AccountRow {
  readonly userId: string;
  readonly email: string;
  readonly akId: Bytes;
  readonly loginPk: Bytes;
  readonly wrapPw: Bytes;
  readonly rcId: Bytes;
  readonly recoverPk: Bytes;
  readonly wrapRc: Bytes;
  readonly keyset: Bytes;
  /** Grows by one with every change of credentials. */
  readonly credentialsVersion: number;
  readonly createdMs: number;
}

/** A chain of signed entries: an account log, a workspace log, or an environment's commits; `id` is its owner's id. */
export interface ChainKey {
  readonly kind: "account" | "workspace" | "environment";
  readonly id: string;
}

/** The last entry's place; null before the first. `hash` is base64url. */
export type ChainHead = { readonly seq: number; readonly hash: string } | null;

/** A signed entry: exact bytes of the body. */
export interface EntryRow {
  readonly seq: number;
  /** Hash of the entry as its chain defines it, base64url. */
  readonly hash: string;
  readonly type: string;
  readonly body: Bytes;
  /** Signatures as JSON text. */
  readonly sigs: string;
}

/** Most of what a page may hold. A page has at least one entry when there is one. */
export interface PageLimit {
  readonly entries: number;
  readonly bytes: number;
}

/** A login session. `tokenHash` is SHA-256 of the token. */
export interface SessionRow {
  readonly id: string;
  readonly tokenHash: Bytes;
  readonly userId: string;
  readonly deviceId: string | null;
  readonly createdMs: number;
  readonly lastUsedMs: number;
  readonly expiresMs: number;
}

/** A key sealed to one recipient, named by an entry of the workspace log. */
export interface GrantRow {
  readonly recipient: string;
  /** SHA-256 of `sealed`, base64url. */
  readonly hash: string;
  readonly entrySeq: number;
  readonly sealed: Bytes;
}

/** Sealed bytes for every member, named by an entry of the workspace log. */
export interface BlobRow {
  /** SHA-256 of `data`, base64url. */
  readonly hash: string;
  readonly entrySeq: number;
  readonly data: Bytes;
}

/** What the workspace log says of an environment, as of its head. */
export interface EnvironmentRow {
  readonly environmentId: string;
  readonly projectId: string;
  readonly workspaceId: string;
  /** Current key epoch; 0 before the first. */
  readonly epoch: number;
  readonly deleted: boolean;
}

/** Who may do what in an environment, as of the workspace log's head. */
export interface AccessRow {
  readonly environmentId: string;
  readonly recipient: string;
  readonly write: boolean;
}

/** The newest version of one secret, without its envelope. */
export interface ItemRow {
  readonly sid: string;
  readonly ver: number;
  /** SHA-256 of the envelope, base64url; null after a deletion. */
  readonly h: string | null;
  /** The commit that wrote it. */
  readonly seq: number;
}

/** One version of one secret. */
export interface VersionRow extends ItemRow {
  readonly envelope: Bytes | null;
}

/** An answer kept for a repeated request. */
export interface KeptAnswer {
  readonly requestHash: Bytes;
  readonly status: number;
  readonly body: string;
}

/** One audit event; `cursor` is its place in the order of arrival. */
export interface AuditEventRow {
  readonly cursor: number;
  readonly source: string;
  readonly seq: number;
  readonly event: Bytes;
}

/** Reads of one consistent moment. */
export interface ReadTransaction {
  accountById(userId: string): Promise<AccountRow | undefined>;
  accountByAkId(akId: Bytes): Promise<AccountRow | undefined>;
  accountByRcId(rcId: Bytes): Promise<AccountRow | undefined>;

  head(chain: ChainKey): Promise<ChainHead>;
  /** Entries with `seq > after`, in order. */
  entries(chain: ChainKey, after: number, limit: PageLimit): Promise<EntryRow[]>;

  sessionByTokenHash(tokenHash: Bytes): Promise<SessionRow | undefined>;
  /** Newest first, expired ones left out. */
  sessions(userId: string, nowMs: number): Promise<SessionRow[]>;
  /** Whether a step-up of this session lives. */
  hasStepUp(tokenHash: Bytes, sessionId: string, nowMs: number): Promise<boolean>;

  /** The member's role, or undefined. */
  role(workspaceId: string, userId: string): Promise<string | undefined>;
  /** Sorted by id. */
  workspacesOf(userId: string): Promise<{ readonly workspaceId: string; readonly role: string }[]>;
  /** Whether both are members of one workspace. */
  shareWorkspace(userId: string, otherId: string): Promise<boolean>;
  grants(workspaceId: string, recipient: string, after: number): Promise<GrantRow[]>;
  blobs(workspaceId: string, after: number): Promise<BlobRow[]>;

  environment(environmentId: string): Promise<EnvironmentRow | undefined>;
  /** What the recipient may do, or undefined when nothing. */
  access(environmentId: string, recipient: string): Promise<{ readonly write: boolean } | undefined>;
  /** Newest versions, deletions included, sorted by sid. */
  items(environmentId: string): Promise<ItemRow[]>;
  /** Like {@linkcode items}, with envelopes. */
  snapshot(environmentId: string): Promise<VersionRow[]>;
  /** Versions of one secret below `before`, newest first. */
  versions(environmentId: string, sid: string, before: number, limit: PageLimit): Promise<VersionRow[]>;

  pins(userId: string): Promise<{ readonly version: number; readonly data: Bytes } | undefined>;
  keptAnswer(userId: string, key: string, nowMs: number): Promise<KeptAnswer | undefined>;

  /** Where a source's audit chain stands. */
  auditHead(workspaceId: string, source: string): Promise<ChainHead>;
  /** Events after the cursor, of one source or of all. */
  auditEvents(
    workspaceId: string,
    source: string | undefined,
    afterCursor: number,
    limit: PageLimit,
  ): Promise<AuditEventRow[]>;
  /** Newest signed head of each source, or of one. */
  auditHeads(workspaceId: string, source: string | undefined): Promise<EntryRow[]>;
}

/** Reads and writes that become durable together or not at all. */
export interface WriteTransaction extends ReadTransaction {
  /** False when the user id, ak_id or rc_id is taken; nothing is written then. */
  insertAccount(account: AccountRow): Promise<boolean>;
  /** Replaces credentials of exactly `expectedVersion`. False when it moved on or an id is taken; nothing is written then. */
  replaceCredentials(account: AccountRow, expectedVersion: number): Promise<boolean>;

  /** Appends entries whose numbers follow the head. @throws {AppError} `head_moved` when they do not */
  append(chain: ChainKey, entries: readonly EntryRow[]): Promise<void>;

  insertChallenge(id: string, nonce: Bytes, expiresMs: number): Promise<void>;
  /** The nonce, once; undefined when it was taken, never was, or has expired. */
  takeChallenge(id: string, nowMs: number): Promise<Bytes | undefined>;
  /**
   * Takes one from the bucket `key` that refills one every `intervalMs` up to `burst`. Gives 0, or the milliseconds to wait.
   */
  takeRate(key: string, burst: number, intervalMs: number, nowMs: number): Promise<number>;

  /** Fills the bucket again. */
  resetRate(key: string): Promise<void>;

  insertSession(session: SessionRow): Promise<void>;
  touchSession(id: string, nowMs: number): Promise<void>;
  /** Ends one session of the user. */
  deleteSession(userId: string, id: string): Promise<void>;
  /** Ends the user's sessions, all but `exceptId`, or only those of `deviceId`. */
  deleteSessions(userId: string, filter: { readonly exceptId?: string; readonly deviceId?: string }): Promise<void>;
  insertStepUp(tokenHash: Bytes, sessionId: string, expiresMs: number): Promise<void>;

  /** Makes the members exactly these. */
  setMembers(
    workspaceId: string,
    members: readonly { readonly userId: string; readonly role: string }[],
  ): Promise<void>;
  insertGrants(workspaceId: string, grants: readonly GrantRow[]): Promise<void>;
  insertBlobs(workspaceId: string, blobs: readonly BlobRow[]): Promise<void>;
  /** Writes or updates. False when another workspace has the id; nothing is written then. */
  putEnvironment(environment: EnvironmentRow): Promise<boolean>;
  /** Makes the access to the workspace's environments exactly this. */
  setAccess(workspaceId: string, access: readonly AccessRow[]): Promise<void>;
  /** Writes new versions and makes them the newest. */
  insertVersions(environmentId: string, versions: readonly VersionRow[]): Promise<void>;

  /** Replaces the pins of exactly `expectedVersion` (0: there are none). False when they moved on. */
  putPins(userId: string, expectedVersion: number, data: Bytes): Promise<boolean>;
  keepAnswer(userId: string, key: string, answer: KeptAnswer, expiresMs: number): Promise<void>;

  /** Appends events with numbers from `firstSeq`, and the head that signs them. */
  appendAudit(
    workspaceId: string,
    source: string,
    firstSeq: number,
    events: readonly Bytes[],
    head: EntryRow,
  ): Promise<void>;

  /** Forgets expired challenges, sessions, step-ups, kept answers and full rate buckets. */
  forgetExpired(nowMs: number): Promise<void>;
}

/** Storage shared by every process that opens the same place. */
export interface BlobStore {
  /** Runs `work` on one consistent moment. */
  read<T>(work: (tx: ReadTransaction) => Promise<T>): Promise<T>;
  /**
   * Runs `work` alone among all writers of all processes; durable when the promise resolves, undone when `work` rejects.
   */
  write<T>(work: (tx: WriteTransaction) => Promise<T>): Promise<T>;
  /** Waits for running transactions, then frees the files; safe to call twice. */
  close(): Promise<void>;
}
