/**
 * The process port: running a program with secrets in its environment, and the facts about processes that the proxy's
 * commands need.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";

/** A program to run. */
export interface ChildCommand {
  /** Name to look up in PATH, or a path. */
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the inherited environment, winning over it. Read when the child starts, not kept. */
  readonly secrets: ReadonlyMap<string, Secret>;
  /** Inherited variables that the child must not get: exact names, or a prefix ending in `*`. */
  readonly withhold: readonly string[];
}

/** Starts and signals processes. */
export interface Processes {
  /**
   * Runs the program on this process's own stdin, stdout and stderr, forwards signals to it and waits for its end.
   *
   * @returns Its exit number, or 128 + n when signal n ended it.
   * @throws {AppError} `child_not_started`, `invalid_value` when a value cannot be in an environment
   */
  run(command: ChildCommand): Promise<number>;
  /** This process's id. */
  readonly pid: number;
  /** Asks the process to end (SIGTERM). Whether there was one to ask. */
  terminate(pid: number): boolean;
}
