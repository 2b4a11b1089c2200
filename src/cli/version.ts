/** The program's version, as `--version` prints it. @module */

/** Semantic version; packaging reads it from here. */
export const VERSION = "0.1.0";

/** Whether a command line asks for the version and nothing else. It is answered before anything else is loaded. */
export function asksVersion(args: readonly string[]): boolean {
  return args.length === 1 && (args[0] === "--version" || args[0] === "-V");
}
