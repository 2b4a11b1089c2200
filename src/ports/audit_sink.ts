/**
 * The audit port: an append-only file of lines, shared by the processes of one person. The lines' form, chain and
 * signatures belong to src/proxy/audit_line.ts; the adapter knows lines and where groups of them end.
 *
 * @module
 */

/**
 * How a line ends that a later line of its group vouches for. A file that ends in such lines was left in the middle of a group, by a
 * crash or by somebody else: they were never acknowledged.
 */
export const UNVOUCHED_END = ',"sig":""}';

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
   * Appends the line, or the group of lines (at least one), that `next` makes of the last one (undefined in an empty log) while no
   * other process appends. All of them are durable when it returns, none is acknowledged when it throws. `next` is asked as late as
   * possible and once. No line may hold a line feed, and the last one not end in {@linkcode UNVOUCHED_END}.
   *
   * @param again Called when a group is durable; where it answers true, and no other process has waited long, `next` is asked for
   * one more group. A failure then concerns that group alone. Without it there is one group.
   * @throws {AppError} `audit_unwritable`
   */
  append(next: (last: string | undefined) => string | readonly string[], again?: () => boolean): Promise<void>;
  /** The lines that are kept, oldest first, across rotated files, as they are now; a torn last line is left out. */
  lines(signal?: AbortSignal): AsyncIterable<string>;
  /** Lines appended from now on, until aborted. Some may come twice or be torn when a crash is repaired meanwhile. */
  watch(signal: AbortSignal): AsyncIterable<string>;
  /** A copy of the last group's last line, kept apart from the log so that a cut tail shows; undefined when there is none. */
  head(): Promise<string | undefined>;
  /** Whether so many files are kept that older lines may have been dropped for good. */
  pruned(): Promise<boolean>;
  /** Frees files and locks; safe to call twice. */
  close(): Promise<void>;
}
