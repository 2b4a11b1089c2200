/**
 * Which workspace, project and environment a command means: what it names, else the project file, else config.json.
 *
 * @module
 */

/** What a command line named; everything absent is looked up. */
export interface Selection {
  /** `--project NAME` */
  readonly project?: string;
  /** `--env NAME` */
  readonly environment?: string;
}
