/**
 * Whether an audit log is whole: no line edited, dropped, inserted or signed by a stranger, none that no signature covers, and no
 * tail cut off.
 *
 * A tail younger than the newest checkpoint can be cut unseen by someone who also puts back an older copy of the head file
 * (src/proxy/audit_checkpoint.ts says how much that is).
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import type { AuditCheckpoint } from "./audit_checkpoint.ts";
import { type GroupLine, type GroupStart, wrongLineOf } from "./audit_group.ts";
import { hashLine, MAX_GROUP, NO_LINE, parseLine, signedBytes } from "./audit_line.ts";

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
  const log = new LogVerifier(evidence);
  for await (const line of evidence.lines) log.add(line);
  return log.end();
}

/** More unsigned lines in a row than this are no groups of ours, nor two of which one's signature is missing. */
const MAX_UNSIGNED = 2 * MAX_GROUP;

/** Takes the lines one by one; holds those of the group that is not signed yet. */
class LogVerifier {
  readonly #evidence: AuditEvidence;
  readonly #head: string | undefined;
  #at = 0;
  #unsigned: GroupLine[] = [];
  #firstSeq = 0;
  #last: GroupLine | undefined;
  #headSeen: boolean;
  #checkpointSeen: boolean;

  constructor(evidence: AuditEvidence) {
    this.#evidence = evidence;
    this.#head = evidence.head === undefined ? undefined : hashLine(evidence.head);
    this.#headSeen = this.#head === undefined;
    this.#checkpointSeen = evidence.checkpoint === undefined;
  }

  add(text: string): void {
    const at = ++this.#at;
    const record = parseLine(text);
    if (record === undefined) throw this.#firstWrong() ?? wrong(at, "it is not a record");
    const line: GroupLine = { at, record, hash: hashLine(text) };
    if (record.sig !== "") return this.#endGroup(line, text);
    this.#unsigned.push(line);
    if (this.#unsigned.length > MAX_UNSIGNED) throw uncovered(this.#unsigned[0]!);
  }

  end(): VerifiedLog {
    if (this.#unsigned.length > 0) throw uncovered(this.#unsigned[0]!);
    const { checkpoint, pruned } = this.#evidence;
    const cut = (reason: string): AppError => wrong(this.#at + 1, reason);
    if (!this.#headSeen) throw cut("the last record is missing: the log was cut or replaced");
    if (!this.#checkpointSeen && !(pruned && this.#firstSeq > checkpoint!.seq)) {
      throw cut(`record ${checkpoint!.seq}, which the keychain vouches for, is missing`);
    }
    const { record, hash } = this.#last ?? {};
    return { records: this.#at, firstSeq: this.#firstSeq, lastSeq: record?.seq ?? 0, lastHash: hash };
  }

  #endGroup(end: GroupLine, text: string): void {
    this.#checkSignature(end, text);
    const found = wrongLineOf(this.#unsigned, end, this.#start(end));
    if (found !== undefined) throw wrong(found.at, found.reason);
    const covered = end.record.covers ?? 0;
    if (covered < this.#unsigned.length) throw uncovered(this.#unsigned[0]!);
    if (covered > this.#unsigned.length) throw wrong(end.at, "records before it are missing");
    for (const line of this.#unsigned) this.#accept(line);
    this.#accept(end);
    this.#unsigned = [];
  }

  #checkSignature({ at, record }: GroupLine, text: string): void {
    const { isDeviceKey, verify } = this.#evidence;
    const key = fromBase64Url(record.key), signature = fromBase64Url(record.sig);
    const fail = (reason: string): AppError => this.#firstWrong({ at, record, hash: "" }) ?? wrong(at, reason);
    if (key === undefined || !isDeviceKey(record.key)) throw fail("it is signed by a key of no known device");
    if (signature === undefined || !verify(key, signedBytes(text, record), signature)) {
      throw fail("its signature is not valid");
    }
  }

  /** The first line that does not fit the one before it, when no valid signature tells more. */
  #firstWrong(end?: GroupLine): AppError | undefined {
    const lines = end === undefined ? this.#unsigned : [...this.#unsigned, end];
    const found = lines.length === 0 ? undefined : wrongLineOf(lines, undefined, this.#start(lines.at(-1)!));
    return found === undefined ? undefined : wrong(found.at, found.reason);
  }

  /** What the group's first line must follow. In a log that rotation has shortened, the oldest kept line's predecessor is gone. */
  #start({ record }: GroupLine): GroupStart {
    if (this.#last !== undefined) return { seq: this.#last.record.seq, hash: this.#last.hash };
    const first = this.#unsigned[0]?.record ?? record;
    if (!this.#evidence.pruned || first.seq === 1) return { seq: 0, hash: NO_LINE };
    return { seq: record.seq - (record.covers ?? 0) - 1, hash: undefined };
  }

  #accept(line: GroupLine): void {
    if (this.#last === undefined) this.#firstSeq = line.record.seq;
    this.#last = line;
    this.#headSeen ||= line.hash === this.#head;
    const { checkpoint } = this.#evidence;
    if (checkpoint === undefined || line.record.seq !== checkpoint.seq) return;
    if (line.hash !== checkpoint.hash) throw wrong(line.at, "it is not the record that the keychain vouches for");
    this.#checkpointSeen = true;
  }
}

function wrong(line: number, reason: string): AppError {
  return new AppError("audit_invalid", { line, reason });
}

/** A crash in the middle of a group leaves such lines too; they were never acknowledged, and the next record clears them away. */
function uncovered({ at }: GroupLine): AppError {
  return wrong(
    at,
    "no signature covers it: it was added by somebody else, or a crash left it and the next record clears it",
  );
}
