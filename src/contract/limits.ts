/**
 * Sizes that client and server of the sync API agree on (docs/spec/protocol.md §7). Bytes unless said otherwise.
 *
 * @module
 */

import { MAX_CHANGES_PER_COMMIT, MAX_VALUE_BYTES } from "../kernel/limits.ts";

/**
 * Largest envelope of one secret. A value of 64 KiB must fit whatever it holds: JSON writes a control character of one
 * byte as six (`\u0001`), and 16 KiB remain for name, note, binding, padding and the envelope's own header.
 */
export const MAX_ENVELOPE_BYTES = 6 * MAX_VALUE_BYTES + 16 * 1024;

/** Largest body of a request without entries or envelopes. */
export const MAX_BODY_BYTES = 1024 * 1024;

/**
 * Largest body of a request with entries or envelopes. A commit of 1,000 secrets of up to 2 KiB fits, or one of seven of the
 * largest envelopes. A longer write is several commits; {@linkcode commitBatches} splits it.
 */
export const MAX_COMMIT_BODY_BYTES = 4 * 1024 * 1024;

/** Largest other blob: a sealed key, a wrap, a keyset, the envelope of a previous key. */
export const MAX_SEALED_BYTES = 4 * 1024;
/** Largest envelope of the pins. */
export const MAX_PINS_BYTES = 256 * 1024;
/** Most entries, grants or blobs in one request. */
export const MAX_ITEMS_PER_REQUEST = 1000;
/** Most entries in one page of a log; the answer's `head` tells whether more follow. */
export const LOG_PAGE_ENTRIES = 500;
/** Most bytes of entries in one page of a log; a page holds at least one entry. */
export const LOG_PAGE_BYTES = 2 * 1024 * 1024;
/** Most audit events in one request, and the largest of them. */
export const MAX_AUDIT_EVENTS = 500;
export const MAX_AUDIT_EVENT_BYTES = 16 * 1024;

/** How long a challenge can be answered. */
export const CHALLENGE_TTL_MS = 60_000;
/** How long a step-up lasts: never more than five minutes. */
export const STEP_UP_TTL_MS = 5 * 60_000;
/** How long a session lasts before the device must sign again. */
export const SESSION_TTL_MS = 30 * 24 * 3600_000;
/** How long an answer is kept for a repeated `Idempotency-Key`. */
export const IDEMPOTENCY_TTL_MS = 24 * 3600_000;

/** What one change costs in a commit's body besides its envelope: sid, version, hash and the JSON around them, doubly encoded. */
const CHANGE_OVERHEAD_BYTES = 256;
/** What a commit costs before its first change. */
const COMMIT_OVERHEAD_BYTES = 4096;

/** Bytes of the request's body that a change with an envelope of `envelopeBytes` takes (0 for a deletion); never too few. */
export function wireBytesOfChange(envelopeBytes: number): number {
  return CHANGE_OVERHEAD_BYTES + Math.ceil((envelopeBytes * 4) / 3);
}

/**
 * `changes` in the order given, cut into runs that fit one commit each. `envelopeBytesOf` tells a change's envelope size,
 * 0 for a deletion. Empty in, empty out.
 */
export function commitBatches<T>(changes: readonly T[], envelopeBytesOf: (change: T) => number): T[][] {
  const batches: T[][] = [];
  let bytes = Infinity;
  for (const change of changes) {
    const cost = wireBytesOfChange(envelopeBytesOf(change));
    const batch = batches.at(-1);
    if (batch === undefined || batch.length === MAX_CHANGES_PER_COMMIT || bytes + cost > MAX_COMMIT_BODY_BYTES) {
      batches.push([change]);
      bytes = COMMIT_OVERHEAD_BYTES + cost;
    } else {
      batch.push(change);
      bytes += cost;
    }
  }
  return batches;
}
