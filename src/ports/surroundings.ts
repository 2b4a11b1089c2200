/**
 * What other programs on this machine need to know to start this one, and where they keep their settings.
 *
 * @module
 */

/** A program as another one starts it. */
export interface ProgramLine {
  /** Absolute path. */
  readonly command: string;
  readonly args: readonly string[];
  /** The command is a symbolic link to the program. */
  readonly isLink: boolean;
}

/** The person's machine around this program. */
export interface Surroundings {
  /** `linux`, `darwin`, `windows`. */
  readonly system: string;
  /** The person's own folder, absolute; undefined when the system does not tell. */
  readonly personFolder: string | undefined;
  /** A variable of the environment as it was found; undefined when it is unset or empty. */
  variable(name: string): string | undefined;
  /** How this program is started: a path that stays when it is updated, where there is one. */
  program(): Promise<ProgramLine>;
  /** Permission bits of a file; undefined when there is none, or on a system without them. */
  modeOf(path: string): Promise<number | undefined>;
}
