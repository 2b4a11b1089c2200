/**
 * Whether an audit log is whole: no line edited, dropped, inserted or signed by a stranger, and no tail cut off.
 *
 * A tail younger than the newest checkpoint can be cut unseen by someone who also puts back an older copy of the head file:
 * at most {@linkcode CHECKPOINT_INTERVAL} records.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import { hashLine, NO_LINE, parseLine, signedBytes } from "./audit_line.ts";
import type { AuditCheckpoint } from "./audit_recorder.ts";
import type { AuditRecord } from "./audit_record.ts";

/** What a log is held against. */
export interface AuditEvidence {
  /** The lines that are kept, oldest first. */
  readonly lines: AsyncIterable<string>;
  /** Whether older lines may have been dropped by rotation. */
  readonly pruned: boolean;
  /** The copy of the last line that is kept beside the log. */
  readonly head: string | undefined;
  readonly checkpoint: AuditCheckpoint | undefined;
  /** Whether a public key (base64url) belongs to a device of this account. */
  isDeviceKey(key: string): boolean;
  /** Ed25519. */
  verify(key: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
}

/** A log that verified. Sequence numbers are 0 in an empty one. */
export interface VerifiedLog {
  readonly records: number;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Hash of the last line, or undefined in an empty log. */
  readonly lastHash: string | undefined;
}

/** @throws {AppError} `audit_invalid` with the number (from 1, among the kept lines) of the first wrong line */
export async function verifyLog(evidence: AuditEvidence): Promise<VerifiedLog> {
  const head = evidence.head === undefined ? undefined : await hashLine(evidence.head);
  let at = 0, firstSeq = 0, last: { record: AuditRecord; hash: string } | undefined;
  let headSeen = head === undefined, checkpointSeen = evidence.checkpoint === undefined;
  for await (const line of evidence.lines) {
    at++;
    const record = checkLine(line, at, last, evidence);
    if (last === undefined) firstSeq = record.seq;
    last = { record, hash: await hashLine(line) };
    headSeen ||= last.hash === head;
    checkpointSeen ||= matchesCheckpoint(last, at, evidence.checkpoint);
  }
  const cut = (reason: string): AppError => new AppError("audit_invalid", { line: at + 1, reason });
  if (!headSeen) throw cut("the last record is missing: the log was cut or replaced");
  if (!checkpointSeen && !(evidence.pruned && firstSeq > evidence.checkpoint!.seq)) {
    throw cut(`record ${evidence.checkpoint!.seq}, which the keychain vouches for, is missing`);
  }
  return { records: at, firstSeq, lastSeq: last?.record.seq ?? 0, lastHash: last?.hash };
}

function matchesCheckpoint(
  line: { record: AuditRecord; hash: string },
  at: number,
  checkpoint: AuditCheckpoint | undefined,
): boolean {
  if (checkpoint === undefined || line.record.seq !== checkpoint.seq) return false;
  if (line.hash === checkpoint.hash) return true;
  throw new AppError("audit_invalid", { line: at, reason: "it is not the record that the keychain vouches for" });
}

function checkLine(
  line: string,
  at: number,
  last: { record: AuditRecord; hash: string } | undefined,
  evidence: AuditEvidence,
): AuditRecord {
  const wrong = (reason: string): AppError => new AppError("audit_invalid", { line: at, reason });
  const record = parseLine(line);
  if (record === undefined) throw wrong("it is not a record");
  if (last === undefined) {
    if (record.seq !== 1 && !evidence.pruned) throw wrong("records before it are missing");
    if (record.seq === 1 && record.prev !== NO_LINE) throw wrong("it does not begin the log");
  } else {
    if (record.seq !== last.record.seq + 1) throw wrong("a record before it is missing or doubled");
    if (record.prev !== last.hash) throw wrong("the record before it was changed");
  }
  const key = fromBase64Url(record.key), signature = fromBase64Url(record.sig);
  if (key === undefined || !evidence.isDeviceKey(record.key)) throw wrong("it is signed by a key of no known device");
  if (signature === undefined || !evidence.verify(key, signedBytes(withoutSignature(record)), signature)) {
    throw wrong("its signature is not valid");
  }
  return record;
}

function withoutSignature(record: AuditRecord): Omit<AuditRecord, "sig"> {
  const { sig: _, ...rest } = record;
  return rest;
}
