/**
 * The audit port: an append-only file of lines, shared by the processes of one person. The lines' form, chain and
 * signatures belong to src/proxy/audit.ts; the adapter knows lines only.
 *
 * @module
 */

/** Keeps lines, each durable once acknowledged. */
export interface AuditSink {
  /** Where the log is, for messages. */
  readonly path: string;
  /**
   * Shows that a line can be made durable now, full disks included: room for it is set aside.
   *
   * @throws {AppError} `audit_unwritable`
   */
  ready(): Promise<void>;
  /**
   * Appends the line that `next` makes of the last one (undefined in an empty log) while no other process appends. Durable when
   * it returns. The line must not hold a line feed.
   *
   * @returns The line.
   * @throws {AppError} `audit_unwritable`
   */
  append(next: (last: string | undefined) => string | Promise<string>): Promise<string>;
  /** The lines that are kept, oldest first, across rotated files; a torn last line is left out. */
  lines(signal?: AbortSignal): AsyncIterable<string>;
  /** Lines appended from now on, until aborted. */
  watch(signal: AbortSignal): AsyncIterable<string>;
  /** A copy of the last line, kept apart from the log so that a cut tail shows; undefined when there is none. */
  head(): Promise<string | undefined>;
  /** Whether so many files are kept that older lines may have been dropped for good. */
  pruned(): Promise<boolean>;
  /** Frees files and locks; safe to call twice. */
  close(): Promise<void>;
}
