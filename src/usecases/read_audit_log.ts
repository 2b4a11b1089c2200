/**
 * The verb `proxy logs`: what the audit log of this machine says, and whether it is whole.
 *
 * @module
 */

import { verifyEd25519 } from "../crypto/verify/ed25519.ts";
import { AppError } from "../kernel/error.ts";
import { auditJson, parseLine } from "../proxy/audit_line.ts";
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
  const found: AuditRecord[] = [];
  let line = 0;
  for await (const text of (await ports.auditSink()).lines(signal)) {
    line++;
    const record = parseLine(text);
    if (record === undefined) throw new AppError("audit_invalid", { line, reason: "it is not a record" });
    if (!matches(record, query)) continue;
    found.push(record);
    // Only the newest are wanted: a log of years must not be held in memory for ten lines.
    if (query.last !== undefined && found.length > query.last) found.shift();
  }
  return found;
}

/** Records as they are written from now on, until aborted. */
export async function* watchAuditLog(
  ports: Pick<WorldWithEngine, "auditSink">,
  query: AuditQuery,
  signal: AbortSignal,
): AsyncGenerator<AuditRecord> {
  for await (const text of (await ports.auditSink()).watch(signal)) {
    const record = parseLine(text);
    if (record !== undefined && matches(record, query)) yield record;
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
  return query.agent === undefined || record.agentId === query.agent;
}
