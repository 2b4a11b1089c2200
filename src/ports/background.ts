/**
 * The background port: this program once more, as a process of its own that outlives the terminal.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";

/** A command of this program to run. */
export interface BackgroundCommand {
  /** Without the program's own name. */
  readonly args: readonly string[];
  /** Where its output goes: a file that exists. */
  readonly logPath: string;
  /** Added to its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** A line for its standard input; without one it has none. */
  readonly stdin?: Secret;
}

/** A process in the background. */
export interface BackgroundProcess {
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** Starts them. */
export interface Background {
  /** In a session of its own: neither the terminal's end nor Ctrl-C in it reaches the process. @throws {AppError} `child_not_started` */
  start(command: BackgroundCommand): Promise<BackgroundProcess>;
}
