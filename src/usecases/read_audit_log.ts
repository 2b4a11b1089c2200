/**
 * The verb `proxy logs`: what the audit log of this machine says, and whether it is whole.
 *
 * @module
 */

import type { AuditRecord } from "../proxy/audit_record.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

export type { AuditRecord } from "../proxy/audit_record.ts";

/** Which records; all filters must hold. */
export interface AuditQuery {
  /** At most that many, the newest; default all. */
  readonly last?: number;
  /** Records that name this secret. */
  readonly secret?: string;
  /** Records of this agent id. */
  readonly agent?: string;
}

/** A log that verified. */
export interface AuditVerification {
  readonly path: string;
  readonly records: number;
  /** Sequence numbers of the oldest kept and the newest record; 0 in an empty log. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Up to which record the keychain vouches that none was cut off. */
  readonly checkpointSeq: number;
}

/** Records, oldest first. @throws {AppError} `audit_invalid` for a line that is not a record */
export declare function readAuditLog(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  signal?: AbortSignal,
): Promise<AuditRecord[]>;

/** Records as they are written from now on, until aborted. */
export declare function watchAuditLog(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord>;

/**
 * Checks every line's place in the chain and signature, the copy of the head and the keychain's checkpoint.
 *
 * @throws {AppError} `audit_invalid` naming the first wrong line
 */
export declare function verifyAuditLog(
  ports: Pick<WorldWithEngine, "auditSink" | "keychain">,
  signal?: AbortSignal,
): Promise<AuditVerification>;
