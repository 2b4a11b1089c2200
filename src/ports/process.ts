/**
 * The process port: running a program with secrets in its environment, and the facts about processes that the proxy's
 * commands need.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";

/** What stands between a child's output stream and ours. Bytes come out in order; those it does not replace, unchanged. */
export interface OutputFilter {
  /** Takes the next bytes and gives those that may go on. */
  push(bytes: Uint8Array): Uint8Array;
  /** What is held back, if it is at most `maxBytes`, else nothing. */
  release(maxBytes: number): Uint8Array;
  /** The rest. Call once, at the end. */
  end(): Uint8Array;
  /** How many bytes are held back now. */
  readonly heldBytes: number;
}

/** A program to run. */
export interface ChildCommand {
  /** Name to look up in PATH, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the inherited environment, winning over it. Read when the child starts, not kept. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Inherited variables that the child must not get: exact names, or a prefix ending in `*`. */
  readonly withhold: readonly string[];
  /** Makes the filter of one output stream. Asked for stdout and stderr each, if it is not a terminal; undefined filters neither. */
  readonly filter?: () => Promise<OutputFilter>;
}

/** Starts and signals processes. */
export interface Processes {
  /**
   * Runs the program on this process's own stdin, stdout and stderr, forwards signals to it and waits for its end and for that of
   * its filtered output.
   *
   * @returns Its exit number, or 128 + n when signal n ended it.
   * @throws {AppError} `child_not_started`, `invalid_value` when a value cannot be in an environment; `disk_full` and
   * `file_unwritable` when filtered output could not be written
   */
  run(command: ChildCommand): Promise<number>;
  /** This process's id. */
  readonly pid: number;
  /** Asks the process to end (SIGTERM). Whether there was one to ask. */
  terminate(pid: number): boolean;
}
