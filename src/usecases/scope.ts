/**
 * Which workspace, project and environment a command means: what it names, else the project file, else config.json.
 *
 * @module
 */

/** What a command named; everything absent is looked up. */
export interface Selection {
  /** Absolute path where the search for the project file begins; default: the working folder. */
  readonly folder?: string;
  /** `--project`: a project's name or id. */
  readonly project?: string;
  /** `--env`: an environment's name. */
  readonly environment?: string;
}
