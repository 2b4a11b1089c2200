/** How the allowlist is shown. @module */

import type { ChangeAllowlistResult } from "../../usecases/change_allowlist.ts";
import type { AllowlistView } from "../../usecases/list_allowlist.ts";
import type { CommandContext } from "../context.ts";
import { iso } from "./time.ts";
import { count, type Json, tick } from "./view.ts";

/** The allowlist as JSON. */
export function allowlistJson(allowlist: AllowlistView): Readonly<Record<string, Json>> {
  return {
    workspace: allowlist.workspace,
    version: allowlist.version,
    entries: allowlist.entries.map((entry) => ({
      domain: entry.entry,
      added_by: entry.addedBy,
      added_by_id: entry.addedById,
      added_at: iso(entry.addedAt),
    })),
  };
}

/** What a change did: `verb` as in "Allowed api.stripe.com". */
export async function showChange(
  context: CommandContext,
  verb: string,
  unchangedNote: string,
  result: ChangeAllowlistResult,
): Promise<void> {
  const document = {
    changed: result.changed,
    unchanged: result.unchanged,
    allowlist: allowlistJson(result.allowlist),
  };
  await context.view.done(document, (style) =>
    result.changed.map((entry) => tick(style, `${verb} ${entry}`)).join("") +
    result.unchanged.map((entry) => style.dim(`  ${entry} ${unchangedNote}\n`)).join("") +
    style.dim(
      `  ${result.allowlist.workspace} allows ${count(result.allowlist.entries.length, "entry", "entries")} now\n`,
    ));
}
