/**
 * How `secrets pull` and `secrets push` end: what was brought over, what was left as a conflict, and the exit number.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { EnvironmentPlace, SecretConflict, SecretsWarning } from "../../usecases/secrets/outcome.ts";
import { conflictJson, conflictLines, filesLine, placeJson, showWarnings, warningJson } from "./secrets.ts";
import type { Style } from "./style.ts";
import type { Json, View } from "./view.ts";

/** What both directions tell. */
export interface SyncResult {
  readonly place: EnvironmentPlace;
  readonly conflicts: readonly SecretConflict[];
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/** What one direction adds. */
export interface SyncView {
  /** Members of the JSON document that say what was done. */
  readonly members: Readonly<Record<string, Json>>;
  /** Where values were read from besides the keychain, in the direction that does; null where there was nothing. */
  readonly source?: string | null;
  /** The headline, the changes and what else is said of them, in lines. */
  readonly text: (style: Style) => string;
  /** What conflicts are called. */
  readonly conflict: "conflict" | "pull_conflict";
}

/** Shows the result. The exit number is that of the conflict's code where any was left, else 0. */
export async function showSync(view: View, result: SyncResult, shown: SyncView): Promise<number> {
  const document = {
    ...placeJson(result.place),
    ...shown.members,
    conflicts: result.conflicts.map(conflictJson),
    ...(shown.source === undefined ? {} : { source: shown.source }),
    files: result.files,
    warnings: result.warnings.map(warningJson),
  };
  await view.done(
    document,
    (style) => shown.text(style) + filesLine(result.files, style) + conflictLines(result.conflicts, style),
  );
  await showWarnings(view, result.warnings);
  if (result.conflicts.length === 0) return 0;
  const left = new AppError(shown.conflict, { names: result.conflicts.map(({ name }) => name).join(", ") });
  await view.warn(`${left.message}: ${left.hint}`);
  return left.exit;
}
