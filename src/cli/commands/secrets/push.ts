/** `secrets push`. @module */

import { pushSecrets } from "../../../usecases/secrets/push.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { changeJson, changeLines, placeText } from "../../view/secrets.ts";
import { showSync } from "../../view/sync.ts";
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
    return await showSync(context.view, result, {
      members: { pushed: result.pushed.map(changeJson), unchanged: result.unchanged },
      source: result.source ?? null,
      text: (style) => {
        const headline = result.pushed.length === 0
          ? `Nothing to push from ${placeText(result.place)}: ${count(result.unchanged, "secret")} unchanged`
          : `Pushed ${count(result.pushed.length, "secret")} of ${placeText(result.place)}`;
        const source = result.source === undefined ? "" : style.dim(`  read ${result.source}\n`);
        return tick(style, headline) + changeLines(result.pushed, style) + source;
      },
      conflict: "conflict",
    });
  },
});
