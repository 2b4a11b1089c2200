/** `secrets push`. @module */

import { pushSecrets } from "../../../usecases/secrets/push.ts";
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
    "Sends what was changed on this machine, and what a .env file in the project's folder holds, sealed, to the server. What " +
    "was changed on both sides is shown as a conflict, left as it is, and ends with exit number 5.",
  examples: [
    { line: "agentsecrets secrets push", why: "share what was changed here" },
    { line: "agentsecrets secrets push --no-dotenv", why: "leave a .env file alone" },
  ],
  define: (command) =>
    withPlace(
      command
        .option("--force", "overwrite what changed on the server too; .env wins over the keychain")
        .option("--no-dotenv", "do not read a .env file"),
    ),
  run: async (context, options) => {
    const result = await pushSecrets(context.world, {
      ...placeOf(context, options),
      dotenv: options.dotenv,
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    const document = {
      ...placeJson(result.place),
      pushed: result.pushed.map(changeJson),
      unchanged: result.unchanged,
      conflicts: result.conflicts.map(conflictJson),
      source: result.source ?? null,
      files: result.files,
      warnings: result.warnings.map(warningJson),
    };
    await context.view.done(document, (style) => {
      const headline = result.pushed.length === 0
        ? `Nothing to push from ${placeText(result.place)}: ${count(result.unchanged, "secret")} unchanged`
        : `Pushed ${count(result.pushed.length, "secret")} of ${placeText(result.place)}`;
      const source = result.source === undefined ? "" : style.dim(`  read ${result.source}\n`);
      return tick(style, headline) + changeLines(result.pushed, style) + source + filesLine(result.files, style) +
        conflictLines(result.conflicts, style);
    });
    await showWarnings(context.view, result.warnings);
    if (result.conflicts.length > 0) {
      const conflict = new AppError("conflict", { names: result.conflicts.map((c) => c.name).join(", ") });
      await context.view.warn(`${conflict.message}: ${conflict.hint}`);
      return conflict.exit;
    }
    return 0;
  },
});
