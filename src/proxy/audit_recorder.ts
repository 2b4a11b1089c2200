/**
 * Writes audit records: durable before the caller is told that the call is over; where that is impossible there is no call.
 *
 * @module
 */

import type { RandomBytes } from "../kernel/bytes.ts";
import type { AuditSink } from "../ports/audit_sink.ts";
import type { Clock } from "../ports/clock.ts";
import { type AuditSigner, hashLine, nextLine, parseLine } from "./audit_line.ts";
import type { AuditFacts } from "./audit_record.ts";
import { ulid } from "./ulid.ts";

/** A place in the log that something outside the log's folder vouches for. */
export interface AuditCheckpoint {
  readonly seq: number;
  /** SHA-256 of that line, in hex. */
  readonly hash: string;
}

/** Keeps the newest checkpoint: in the keychain, where cutting the log does not reach it. */
export interface CheckpointStore {
  read(): Promise<AuditCheckpoint | undefined>;
  write(checkpoint: AuditCheckpoint): Promise<void>;
}

/** Takes facts, gives the record's id. */
export interface AuditRecorder {
  /** @throws {AppError} `audit_unwritable` */
  ready(): Promise<void>;
  /** @throws {AppError} `audit_unwritable` */
  record(facts: AuditFacts): Promise<string>;
}

/** Every so many records the checkpoint advances: what a cut tail can hide at most. */
export const CHECKPOINT_INTERVAL = 16;

/** Chains, signs and appends. */
export class ChainedRecorder implements AuditRecorder {
  readonly #sink: AuditSink;
  readonly #signer: AuditSigner;
  readonly #checkpoints: CheckpointStore;
  readonly #clock: Pick<Clock, "now">;
  readonly #random: RandomBytes;

  constructor(
    sink: AuditSink,
    signer: AuditSigner,
    checkpoints: CheckpointStore,
    clock: Pick<Clock, "now">,
    random: RandomBytes,
  ) {
    this.#sink = sink;
    this.#signer = signer;
    this.#checkpoints = checkpoints;
    this.#clock = clock;
    this.#random = random;
  }

  ready(): Promise<void> {
    return this.#sink.ready();
  }

  async record(facts: AuditFacts): Promise<string> {
    const id = `log_${ulid(this.#clock.now(), this.#random)}`;
    const line = await this.#sink.append((last) => nextLine(facts, id, last, this.#signer));
    const seq = parseLine(line)?.seq ?? 0;
    if (seq % CHECKPOINT_INTERVAL === 0) await this.#advance({ seq, hash: await hashLine(line) });
    return id;
  }

  async #advance(checkpoint: AuditCheckpoint): Promise<void> {
    try {
      await this.#checkpoints.write(checkpoint);
    } catch {
      // The record itself is durable; an older checkpoint still holds and the next one catches up.
    }
  }
}
