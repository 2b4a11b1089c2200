/** `secrets delete`. @module */

import { deleteSecrets } from "../../../usecases/secrets/delete.ts";
import { defineCommand } from "../../command.ts";
import { withConfirmation, withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { showWrite } from "../../view/secrets.ts";

export const command = defineCommand({
  detail:
    "Removes them from this machine and from the server. Versions stay in the history: 'agentsecrets secrets rollback' " +
    "brings one back.",
  examples: [{ line: "agentsecrets secrets delete OLD_KEY", why: "remove one secret" }],
  define: (command) =>
    withConfirmation(withPlace(
      command.argument("<keys...>", "names of the secrets")
        .option("--force", "delete even what somebody else changed in the meantime"),
    )),
  run: async (context, options, names) => {
    const result = await deleteSecrets(context.world, {
      ...placeOf(context, options),
      names,
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showWrite(context.view, (secrets, place) => `Deleted ${secrets} of ${place}`, result);
  },
});
