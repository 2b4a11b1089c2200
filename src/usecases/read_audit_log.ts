/**
 * The verb `proxy logs`: what the audit log of this machine says, and whether it is whole.
 *
 * @module
 */

import { verifyEd25519 } from "../crypto/verify/ed25519.ts";
import { AppError } from "../kernel/error.ts";
import { auditJson, MAX_GROUP, parseLine } from "../proxy/audit_line.ts";
import type { AuditRecord } from "../proxy/audit_record.ts";
import { verifyLog } from "../proxy/audit_verify.ts";
import { KeychainCheckpoints } from "./audit_log.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { openOwnAccount } from "./open_account.ts";

export type { AuditRecord } from "../proxy/audit_record.ts";
export { auditJson };

/** Which records; all filters must hold. */
export interface AuditQuery {
  /** At most that many, the newest; default all. */
  readonly last?: number;
  /** Records that name this secret. */
  readonly secret?: string;
  /** Records of this agent id. */
  readonly agent?: string;
  /** Records of this time and later, in milliseconds since the epoch. */
  readonly since?: number;
}

/** A log that verified. */
export interface AuditVerification {
  readonly path: string;
  readonly records: number;
  /** Sequence numbers of the oldest kept and the newest record; 0 in an empty log. */
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** Up to which record the keychain vouches from now on that none was cut off. */
  readonly checkpointSeq: number;
}

/** Records, oldest first. @throws {AppError} `audit_invalid` for a line that is not a record */
export async function readAuditLog(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  signal?: AbortSignal,
): Promise<AuditRecord[]> {
  return (await read(ports, query, 0, signal)).found;
}

/**
 * Those records, then new ones as they are written, until aborted: each once and none left out, also when the log begins a new file.
 *
 * @throws {AppError} as {@linkcode readAuditLog}
 */
export async function* watchAuditLog(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord> {
  const stop = new AbortController();
  const lines = (await ports.auditSink()).watch(AbortSignal.any([signal, stop.signal]))[Symbol.asyncIterator]();
  try {
    // Watching begins before reading: what is written meanwhile is seen by one of them at least.
    const first = lines.next();
    first.catch(() => {}); // its failure is seen below
    let { found, lastSeq } = await read(ports, query, 0, signal);
    yield* found;
    const groups = new Groups();
    for (let next = await first; next.done !== true; next = await lines.next()) {
      const record = parseLine(next.value);
      if (record !== undefined) {
        if (record.seq <= lastSeq) continue;
        const group = groups.add(record);
        if (group.length === 0) continue;
        if (group[0]!.seq === lastSeq + 1) {
          lastSeq = record.seq;
          yield* group.filter((member) => matches(member, query));
          continue;
        }
      }
      // Some were written before the watching had begun, or where a crash's half of a group was cut off under the watcher's place, which
      // then lies within a line: the log has them.
      const { last: _, ...filters } = query;
      ({ found, lastSeq } = await read(ports, filters, lastSeq, signal));
      yield* found;
    }
  } finally {
    stop.abort();
  }
}

/** Matching records after number `afterSeq`, and the number of the newest record of all. */
async function read(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  afterSeq: number,
  signal?: AbortSignal,
): Promise<{ found: AuditRecord[]; lastSeq: number }> {
  const found: AuditRecord[] = [], groups = new Groups();
  let line = 0, lastSeq = afterSeq;
  for await (const text of (await ports.auditSink()).lines(signal)) {
    line++;
    const record = parseLine(text);
    if (record === undefined) throw new AppError("audit_invalid", { line, reason: "it is not a record" });
    for (const member of groups.add(record)) {
      if (member.seq <= afterSeq) continue;
      lastSeq = member.seq;
      if (!matches(member, query)) continue;
      found.push(member);
      // Only the newest are wanted: a log of years must not be held in memory for ten lines.
      if (query.last !== undefined && found.length > query.last) found.shift();
    }
  }
  return { found, lastSeq };
}

/** Holds records back until the one that is signed for them: without it they were never acknowledged, or are somebody else's. */
class Groups {
  #open: AuditRecord[] = [];

  /** @returns The group that `record` ends, itself last; nothing while its end is to come. */
  add(record: AuditRecord): readonly AuditRecord[] {
    // No more is held than a group has.
    const open = [...this.#open.slice(1 - MAX_GROUP), record];
    this.#open = record.sig === "" ? open : [];
    // The count alone says which ones: what a crash or a stranger left before them is none of the group.
    return record.sig === "" ? [] : open.slice(-1 - (record.covers ?? 0));
  }
}

/**
 * Checks every line's place in the chain and signature, the copy of the head and the keychain's checkpoint; then moves the
 * checkpoint to the newest record.
 *
 * @throws {AppError} `audit_invalid` naming the first wrong line; as `openOwnAccount`
 */
export async function verifyAuditLog(ports: WorldWithEngine, signal?: AbortSignal): Promise<AuditVerification> {
  using own = await openOwnAccount(ports, signal);
  // A device's records stay valid after it was revoked; its key comes from the verified account log.
  const keys = new Set([...own.account.devices.values()].map(({ key }) => key));
  const sink = await ports.auditSink();
  const checkpoints = new KeychainCheckpoints(own.device.keychain);
  // The checkpoint is read before the lines: a record that is appended meanwhile must not look like a missing one.
  const [checkpoint, head] = [await checkpoints.read(), await sink.head()];
  const log = await verifyLog({
    lines: sink.lines(signal),
    pruned: await sink.pruned(),
    head,
    checkpoint,
    isDeviceKey: (key) => keys.has(key),
    verify: verifyEd25519,
  });
  if (log.lastHash !== undefined && log.lastSeq > (checkpoint?.seq ?? 0)) {
    await checkpoints.write({ seq: log.lastSeq, hash: log.lastHash });
  }
  const { records, firstSeq, lastSeq } = log;
  return { path: sink.path, records, firstSeq, lastSeq, checkpointSeq: lastSeq };
}

function matches(record: AuditRecord, query: AuditQuery): boolean {
  if (query.secret !== undefined && !record.secretKeys.some((name) => name === query.secret)) return false;
  if (query.since !== undefined && record.timestamp < query.since) return false;
  return query.agent === undefined || record.agentId === query.agent;
}
