/**
 * ULIDs (github.com/ulid/spec): 48 bits of time and 80 of chance in 26 characters that sort by time.
 *
 * @module
 */

import type { RandomBytes } from "../kernel/bytes.ts";
import { CROCKFORD } from "../kernel/encoding.ts";

/** A new ULID. `now` in ms since the epoch, < 2⁴⁸. */
export function ulid(now: number, random: RandomBytes): string {
  let bits = BigInt(now);
  for (const byte of random(10)) bits = (bits << 8n) | BigInt(byte);
  let text = "";
  for (let i = 0; i < 26; i++, bits >>= 5n) text = CROCKFORD[Number(bits & 31n)] + text;
  return text;
}
