/**
 * How often properties run: as often as each asks for in the ordinary run, for a time in a longer one (`deno task fuzz`). A file whose
 * properties ask for nothing imports this for its effect.
 *
 * @module
 */

import fc from "fast-check";

/** Set by scripts/fuzz.ts: how long each property runs, in ms. */
const FUZZ_MS = Number(Deno.env.get("AGENTSECRETS_FUZZ_MS") ?? 0);

if (FUZZ_MS > 0) {
  fc.configureGlobal({ numRuns: 2 ** 30, interruptAfterTimeLimit: FUZZ_MS, markInterruptAsFailure: false });
}

/** A property's parameters; `usual` is its number of runs in the ordinary run. */
export function runs(usual: number): { readonly numRuns?: number } {
  return FUZZ_MS > 0 ? {} : { numRuns: usual };
}
