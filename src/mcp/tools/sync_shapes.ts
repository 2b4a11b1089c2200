/**
 * What `secrets_diff` and `secrets_pull` say in the same words.
 *
 * @module
 */

import * as z from "zod";
import type { SecretsWarning } from "../../usecases/secrets/outcome.ts";

/** A warning: its kind and its facts. */
export const warningShape = z.looseObject({ kind: z.string() });

/** The warning with names in snake case. */
export function warningOf(warning: SecretsWarning): z.output<typeof warningShape> {
  const { kind, ...facts } = warning;
  const named = Object.entries(facts).map(([name, value]) =>
    [name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`), value] as const
  );
  return { kind, ...Object.fromEntries(named) };
}
