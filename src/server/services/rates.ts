/**
 * Rate limits, kept in the store so that they hold across processes.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { WriteTransaction } from "../../ports/blob_store.ts";

/** `burst` at once, then one every `intervalMs`. */
export interface Rate {
  readonly burst: number;
  readonly intervalMs: number;
}

/** The limits. Guessing a password needs the account key first; these only bound the load and the noise. */
export const RATES = {
  /** All challenges together. */
  challenge: { burst: 600, intervalMs: 50 },
  challengePerAddressBlock: { burst: 60, intervalMs: 1000 },
  /** Tries per account handle; a success fills it again. */
  proof: { burst: 10, intervalMs: 30_000 },
} as const satisfies Readonly<Record<string, Rate>>;

/** Counts one against `bucket`. @throws {AppError} `rate_limited` */
export async function limitRate(tx: WriteTransaction, bucket: string, rate: Rate, nowMs: number): Promise<void> {
  const waitMs = await tx.takeRate(bucket, rate.burst, rate.intervalMs, nowMs);
  if (waitMs > 0) throw new AppError("rate_limited", { seconds: Math.ceil(waitMs / 1000) });
}
