/** `secrets pull`. @module */

import { pullSecrets } from "../../../usecases/secrets/pull.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { changeJson, changeLines, placeText } from "../../view/secrets.ts";
import { showSync } from "../../view/sync.ts";
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
    return await showSync(context.view, result, {
      members: { pulled: result.pulled.map(changeJson), unchanged: result.unchanged, kept: result.kept },
      text: (style) => {
        const headline =
          `Synced ${count(result.pulled.length + result.unchanged, "secret")} of ${placeText(result.place)}` +
          ` to the keychain (${result.pulled.length} changed)`;
        const kept = result.kept.length === 0 ? "" : style.dim(`  kept local changes of ${result.kept.join(", ")}\n`);
        return tick(style, headline) + changeLines(result.pulled, style) + kept;
      },
      conflict: "pull_conflict",
    });
  },
});
