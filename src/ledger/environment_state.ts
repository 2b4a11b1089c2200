/**
 * What an environment's commits say after replay (docs/spec/protocol.md §4.4).
 *
 * @module
 */

import type { LogHead } from "../contract/entry_fields.ts";
import type { CommitAuthor, SnapshotItem } from "../contract/environment_commits.ts";
import type { EnvironmentId, ProjectId, Sid, WorkspaceId } from "../kernel/names.ts";

/** Which environment. */
export interface EnvironmentPlace {
  readonly ws: WorkspaceId;
  readonly project: ProjectId;
  readonly env: EnvironmentId;
}

/** An environment before its first commit has no head and no items. */
export interface EnvironmentState {
  readonly place: EnvironmentPlace;
  /** Undefined before the first commit. */
  readonly head: LogHead | undefined;
  /** Place of the workspace log that the head commit was made at; commits never go back behind it. */
  readonly wsSeq: number;
  /** Latest version of every secret, tombstones included. */
  readonly items: ReadonlyMap<Sid, SnapshotItem>;
}

/** One change in an environment's history. */
export interface ChangeRecord {
  readonly seq: number;
  readonly sid: Sid;
  readonly ver: number;
  readonly op: "set" | "delete";
  /** base64url of SHA-256(envelope), null for a deletion. */
  readonly h: string | null;
  readonly author: CommitAuthor;
  /** Milliseconds, by the author's clock. */
  readonly at: number;
}
