/** `secrets pull`. @module */

import { pullSecrets } from "../../../usecases/secrets/pull.ts";
import { AppError } from "../../../kernel/error.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import {
  changeJson,
  changeLines,
  conflictJson,
  conflictLines,
  filesLine,
  placeJson,
  placeText,
  showWarnings,
  warningJson,
} from "../../view/secrets.ts";
import { count, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "Brings the server's secrets into this machine's keychain (and .env in storage mode 2). What was changed here only is " +
    "kept; what was changed on both sides is shown as a conflict, left as it is, and ends with exit number 5.",
  examples: [
    { line: "agentsecrets secrets pull", why: "get what others changed" },
    { line: "agentsecrets secrets pull --force", why: "take the server's side of everything" },
  ],
  define: (command) =>
    withPlace(command.option("--force", "take the server's side of everything: local changes are lost")),
  run: async (context, options) => {
    const result = await pullSecrets(context.world, {
      ...placeOf(context, options),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    const document = {
      ...placeJson(result.place),
      pulled: result.pulled.map(changeJson),
      unchanged: result.unchanged,
      kept: result.kept,
      conflicts: result.conflicts.map(conflictJson),
      files: result.files,
      warnings: result.warnings.map(warningJson),
    };
    await context.view.done(document, (style) => {
      const headline =
        `Synced ${count(result.pulled.length + result.unchanged, "secret")} of ${placeText(result.place)}` +
        ` to the keychain (${result.pulled.length} changed)`;
      const kept = result.kept.length === 0 ? "" : style.dim(`  kept local changes of ${result.kept.join(", ")}\n`);
      return tick(style, headline) + changeLines(result.pulled, style) + kept + filesLine(result.files, style) +
        conflictLines(result.conflicts, style);
    });
    await showWarnings(context.view, result.warnings);
    if (result.conflicts.length > 0) {
      const conflict = new AppError("pull_conflict", { names: result.conflicts.map((c) => c.name).join(", ") });
      await context.view.warn(`${conflict.message}: ${conflict.hint}`);
      return conflict.exit;
    }
    return 0;
  },
});
