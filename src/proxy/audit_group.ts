/**
 * Which line of a group is wrong.
 *
 * An unsigned line proves nothing by itself, but a valid signature at the group's end vouches for the hash of the line before it, that
 * line for the one before, and so on. Following these hashes backwards tells for each place which line belongs there, as far back as
 * no line is gone; before that, each line must at least fit the one before it.
 *
 * @module
 */

import type { AuditRecord } from "./audit_record.ts";

/** A record that was read. */
export interface GroupLine {
  /** Its number among the kept lines, from 1. */
  readonly at: number;
  readonly record: AuditRecord;
  readonly hash: string;
}

/** What a group follows. */
export interface GroupStart {
  readonly seq: number;
  /** Undefined where the line is no longer kept. */
  readonly hash: string | undefined;
}

/** A line that is not what belongs there. */
export interface WrongLine {
  readonly at: number;
  readonly reason: string;
}

const MISPLACED = "a record before it is missing or doubled";
const BROKEN = "the record before it was changed";

/**
 * The first of `lines` that does not belong where it stands, or undefined.
 *
 * @param end The signed line after them; undefined when its signature is not valid, or missing.
 */
export function wrongLineOf(
  lines: readonly GroupLine[],
  end: GroupLine | undefined,
  start: GroupStart,
): WrongLine | undefined {
  const vouched = end === undefined ? new Map<number, string>() : vouchedHashes(lines, end);
  let before = start;
  for (const { at, record, hash } of lines) {
    const seq = before.seq + 1;
    const known = vouched.get(seq);
    if (known !== undefined && known !== hash) {
      return { at, reason: record.seq === seq ? "it was changed" : MISPLACED };
    }
    const reason = known === undefined ? misfit(record, before) : undefined;
    if (reason !== undefined) return { at, reason };
    before = { seq, hash };
  }
  const reason = end === undefined ? undefined : misfit(end.record, before);
  return reason === undefined ? undefined : { at: end!.at, reason };
}

/** For each sequence number up to that of `end`, the hash of the line that belongs there. */
function vouchedHashes(lines: readonly GroupLine[], end: GroupLine): ReadonlyMap<number, string> {
  const byHash = new Map(lines.map(({ record, hash }) => [hash, record]));
  let { seq, prev } = end.record;
  const vouched = new Map([[seq, end.hash]]);
  for (let left = lines.length; left > 0; left--) {
    vouched.set(--seq, prev);
    const record = byHash.get(prev);
    if (record === undefined) break;
    prev = record.prev;
  }
  return vouched;
}

function misfit({ seq, prev }: AuditRecord, before: GroupStart): string | undefined {
  if (seq !== before.seq + 1) return MISPLACED;
  return before.hash !== undefined && prev !== before.hash ? BROKEN : undefined;
}
