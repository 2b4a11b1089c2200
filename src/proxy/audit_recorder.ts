/**
 * Writes audit records: durable before the caller is told that the call is over; where that is impossible there is no call.
 *
 * Group commit: records that come while others are being made durable form the next group, which costs one lock, one signature and one
 * wait for the disk however many they are. Nobody waits for a group to fill, and nobody is answered before the disk has the record.
 *
 * @module
 */

import type { RandomBytes } from "../kernel/bytes.ts";
import type { AuditSink } from "../ports/audit_sink.ts";
import type { Clock } from "../ports/clock.ts";
import {
  type AuditSigner,
  type ChainPlace,
  groupLines,
  LineWriter,
  MAX_GROUP,
  placeOf,
  type UnplacedLine,
} from "./audit_line.ts";
import { CheckpointPace, type CheckpointStore, type NewestPlace } from "./audit_checkpoint.ts";
import type { AuditFacts } from "./audit_record.ts";
import { Ulids } from "./ulid.ts";

export { type AuditCheckpoint, type CheckpointStore, NewestPlace } from "./audit_checkpoint.ts";

/** Takes facts, gives the record's id. */
export interface AuditRecorder {
  /** @throws {AppError} `audit_unwritable` */
  ready(): Promise<void>;
  /** @throws {AppError} `audit_unwritable` */
  record(facts: AuditFacts): Promise<string>;
}

/** A record that is not on the disk yet. */
interface Waiting {
  readonly id: string;
  readonly text: UnplacedLine;
  resolve(id: string): void;
  reject(error: unknown): void;
}

/** Chains, signs and appends. One per device or several: the sink keeps their groups apart. */
export class ChainedRecorder implements AuditRecorder {
  readonly #sink: AuditSink;
  readonly #signer: AuditSigner;
  readonly #checkpoints: CheckpointPace;
  readonly #clock: Pick<Clock, "now">;
  readonly #ulids: Ulids;
  readonly #writer = new LineWriter();
  #waiting: Waiting[] = [];
  #committing = false;
  /** Where the last line of our last group stands: not to be worked out anew while nobody else appends. */
  #known: { readonly line: string; readonly place: ChainPlace } | undefined;

  /** @param newest Told of every place that is reached. */
  constructor(
    sink: AuditSink,
    signer: AuditSigner,
    checkpoints: CheckpointStore,
    clock: Pick<Clock, "now" | "monotonicMs">,
    random: RandomBytes,
    newest?: NewestPlace,
  ) {
    this.#sink = sink;
    this.#signer = signer;
    this.#checkpoints = new CheckpointPace(checkpoints, clock, newest);
    this.#clock = clock;
    this.#ulids = new Ulids(random);
  }

  ready(): Promise<void> {
    return this.#sink.ready();
  }

  async record(facts: AuditFacts): Promise<string> {
    const id = `log_${this.#ulids.next(this.#clock.now())}`;
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    this.#waiting.push({ id, text: this.#writer.unplaced(facts, id), resolve, reject });
    if (!this.#committing) void this.#commitWaiting();
    return await promise;
  }

  async #commitWaiting(): Promise<void> {
    this.#committing = true;
    while (this.#waiting.length > 0) await this.#commitGroups();
    this.#committing = false;
  }

  /** Group after group while the log is ours. Never rejects: what failed is told to those who wait for it. */
  async #commitGroups(): Promise<void> {
    let group: Waiting[] = [];
    let place: ChainPlace | undefined;
    const durable = (): void => {
      const answered = group;
      group = [];
      const kept = this.#checkpoints.reached(place!, answered.length);
      const answer = (): void => answered.forEach(({ id, resolve }) => resolve(id));
      if (kept === undefined) answer();
      else void kept.then(answer);
    };
    try {
      await this.#sink.append((last) => {
        // As late as possible: whoever came while the lock was another's is in.
        group = this.#waiting.splice(0, MAX_GROUP);
        const made = groupLines(group.map(({ text }) => text), this.#placeOf(last), this.#signer);
        this.#known = { line: made.lines.at(-1)!, place: made.place };
        place = made.place;
        return made.lines;
      }, () => {
        durable();
        return this.#waiting.length > 0;
      });
    } catch (error) {
      if (group.length === 0) group = this.#waiting.splice(0);
      for (const { reject } of group) reject(error);
    }
  }

  #placeOf(last: string | undefined): ChainPlace {
    return last !== undefined && this.#known?.line === last ? this.#known.place : placeOf(last);
  }
}
