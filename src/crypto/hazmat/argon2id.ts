/**
 * Argon2id version 1.3 (RFC 9106) by hash-wasm, loaded on first use: no command that an agent runs often needs it.
 *
 * @module
 */

import type { Bytes } from "../../kernel/bytes.ts";

/** Costs of one derivation. */
export interface Argon2Cost {
  /** Memory in KiB. */
  readonly memoryKiB: number;
  readonly passes: number;
  readonly lanes: number;
}

/** The cost of suite 1: 64 MiB, 3 passes, 4 lanes (RFC 9106 §4, second recommendation). Fixed, so no server can weaken it. */
export const SUITE_1_COST: Argon2Cost = { memoryKiB: 64 * 1024, passes: 3, lanes: 4 };

/** `length` bytes from `password` and `salt` (≥ 8 bytes). About 0.2 s and 70 MiB at {@linkcode SUITE_1_COST}. */
export async function argon2id(
  password: Uint8Array,
  salt: Uint8Array,
  cost: Argon2Cost = SUITE_1_COST,
  length = 32,
): Promise<Bytes> {
  const { argon2id: derive } = await import("hash-wasm");
  const out = await derive({
    password,
    salt,
    memorySize: cost.memoryKiB,
    iterations: cost.passes,
    parallelism: cost.lanes,
    hashLength: length,
    outputType: "binary",
  });
  return new Uint8Array(out);
}
