/** How the end of a workspace, a project or an environment is shown. @module */

import { count, tick, type View } from "./view.ts";

/** What was deleted. */
export interface Deleted {
  readonly id: string;
  readonly name: string;
  /** How many stored values left this machine's keychain with it. */
  readonly removedValues: number;
}

/** Shows that it is gone, and what of it was on this machine. */
export async function showDeleted(
  view: View,
  kind: "workspace" | "project" | "environment",
  { id, name, removedValues }: Deleted,
): Promise<void> {
  await view.done(
    { id, name, removed_values: removedValues },
    (style) => tick(style, `Deleted the ${kind} ${name}; ${count(removedValues, "value")} removed from this machine`),
  );
}
