/**
 * Sizes that more than one layer must agree on.
 *
 * @module
 */

/** Largest secret value, in bytes of UTF-8. */
export const MAX_VALUE_BYTES = 64 * 1024;
/** Most changes in one environment commit; longer writes are split into several commits. */
export const MAX_CHANGES_PER_COMMIT = 1000;
/** A value shorter than this many bytes is not searched for when redacting: it would match by chance. */
export const MIN_REDACTABLE_BYTES = 8;
/** The port of the local credential proxy unless told otherwise. */
export const DEFAULT_PROXY_PORT = 8765;
/** What stands in a response where a credential stood. */
export const REDACTION_MARKER = "[REDACTED_BY_AGENTSECRETS]";
