/**
 * The place in the audit log that the keychain vouches for, and how often it moves: often enough that a cut tail shows, seldom enough that
 * a busy proxy does not write to the keychain all the time.
 *
 * @module
 */

import type { Clock } from "../ports/clock.ts";
import type { ChainPlace } from "./audit_line.ts";

/** A place in the log that something outside the log's folder vouches for. */
export type AuditCheckpoint = ChainPlace;

/** Keeps the newest checkpoint: in the keychain, where cutting the log does not reach it. */
export interface CheckpointStore {
  read(): Promise<AuditCheckpoint | undefined>;
  write(checkpoint: AuditCheckpoint): Promise<void>;
}

/** Every so many records a checkpoint is due. */
export const CHECKPOINT_INTERVAL = 16;
/** So many milliseconds lie between the checkpoints of one recorder: records come faster than keychains take notes. */
export const CHECKPOINT_SPACING_MS = 1000;

/**
 * The newest place that the recorders of a process have reached: when the process ends in order, the keychain is to vouch for it, though
 * none of them was due for a checkpoint.
 */
export class NewestPlace {
  readonly #writes = new Set<Promise<void>>();
  #store: CheckpointStore | undefined;
  #place: AuditCheckpoint | undefined;

  /** The log has reached `place`, of which `store` is to be told in the end. */
  reached(place: AuditCheckpoint, store: CheckpointStore): void {
    this.#place = place;
    this.#store = store;
  }

  /** A checkpoint is being written. */
  track(writing: Promise<void>): void {
    this.#writes.add(writing);
    void writing.finally(() => this.#writes.delete(writing));
  }

  /** Writes the last checkpoint, unless it is there, or a later one by another process. It never rejects: older ones still hold. */
  async keep(): Promise<void> {
    // An older one that ended later would take its place.
    await Promise.all(this.#writes);
    const place = this.#place, store = this.#store;
    if (place === undefined || store === undefined) return;
    try {
      const kept = await store.read();
      if (kept === undefined || kept.seq < place.seq) await store.write(place);
    } catch {
      // A keychain that is locked by now.
    }
  }
}

/**
 * Moves the checkpoint of one recorder: never two at once, and the newest place wins. What a cut can hide is what came after the last
 * one: fewer than {@linkcode CHECKPOINT_INTERVAL} records, or those of {@linkcode CHECKPOINT_SPACING_MS} and of one write.
 */
export class CheckpointPace {
  readonly #store: CheckpointStore;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #newest: NewestPlace | undefined;
  #due = false;
  #writing = false;
  #lastMs: number | undefined;

  /** @param newest Told of every place. */
  constructor(store: CheckpointStore, clock: Pick<Clock, "monotonicMs">, newest?: NewestPlace) {
    this.#store = store;
    this.#clock = clock;
    this.#newest = newest;
  }

  /**
   * The log has reached `place` by `added` records.
   *
   * @returns What to wait for, if anything. Only a recorder's first checkpoint is waited for: the process of a single command ends
   * right after its record, and would take the checkpoint with it. It never rejects.
   */
  reached(place: AuditCheckpoint, added: number): Promise<void> | undefined {
    this.#newest?.reached(place, this.#store);
    const passed = Math.floor(place.seq / CHECKPOINT_INTERVAL) > Math.floor((place.seq - added) / CHECKPOINT_INTERVAL);
    this.#due ||= passed;
    const nowMs = this.#clock.monotonicMs();
    const first = this.#lastMs === undefined;
    if (!this.#due || this.#writing || (!first && nowMs - this.#lastMs! < CHECKPOINT_SPACING_MS)) return undefined;
    this.#due = false;
    this.#lastMs = nowMs;
    const written = this.#write(place);
    this.#newest?.track(written);
    return first ? written : undefined;
  }

  async #write(place: AuditCheckpoint): Promise<void> {
    this.#writing = true;
    try {
      await this.#store.write(place);
    } catch {
      // The records themselves are durable; an older checkpoint still holds, and the next one catches up.
      this.#due = true;
    } finally {
      this.#writing = false;
    }
  }
}
