/** The program's own version. @module */

/** Semantic version of this program; the release tag is `v` + this. */
export const VERSION = "0.1.0";
