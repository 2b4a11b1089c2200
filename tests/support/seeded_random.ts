/** Randomness that repeats from run to run. */
import { createHash } from "node:crypto";
import type { Bytes, RandomBytes } from "../../src/kernel/bytes.ts";

/** A source whose bytes follow from `seed` alone: SHA-256(seed ‖ counter), one block after another. Never for real keys. */
export function seededRandom(seed = "test"): RandomBytes {
  let counter = 0;
  let left = new Uint8Array(0);
  return (length: number): Bytes => {
    const out = new Uint8Array(length);
    for (let at = 0; at < length;) {
      if (left.length === 0) left = new Uint8Array(createHash("sha256").update(`${seed}\0${counter++}`).digest());
      const part = left.subarray(0, length - at);
      out.set(part, at);
      left = left.subarray(part.length);
      at += part.length;
    }
    return out;
  };
}
