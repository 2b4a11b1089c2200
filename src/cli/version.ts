/** The program's version, as `--version` prints it. @module */

/** Semantic version; packaging reads it from here. */
export const VERSION = "0.1.0";
