/**
 * Pins (docs/spec/protocol.md §4.5): a log may grow, it may not shrink, change or fork behind what was seen before.
 *
 * @module
 */

import type { LogHead } from "../contract/entry_fields.ts";
import { AppError } from "../kernel/error.ts";

/**
 * Checks that a log extends `pin` or is equal to it. `hashes` are those of the replayed entries; undefined pins nothing.
 *
 * @throws {AppError} `pin_mismatch` naming `what`
 */
export function checkPin(what: string, hashes: readonly string[], pin: LogHead | undefined): void {
  if (pin === undefined) return;
  if (hashes.length < pin.seq) {
    throw new AppError("pin_mismatch", { what, reason: "it is older than what was seen before" });
  }
  if (hashes[pin.seq - 1] !== pin.hash) {
    throw new AppError("pin_mismatch", { what, reason: "it contradicts what was seen before" });
  }
}

/**
 * Checks that the account's fingerprint of A is the pinned one. `pin` and `now` are texts of equal form.
 *
 * @throws {AppError} `pin_mismatch` naming `what`
 */
export function checkFingerprintPin(what: string, now: string, pin: string | undefined): void {
  if (pin !== undefined && pin !== now) {
    throw new AppError("pin_mismatch", { what, reason: "its fingerprint is not the one seen before" });
  }
}
