/** `secrets rollback`. @module */

import { AppError } from "../../../kernel/error.ts";
import { rollbackSecret } from "../../../usecases/secrets/rollback.ts";
import { defineCommand } from "../../command.ts";
import { integer, withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { showWrite } from "../../view/secrets.ts";

export const command = defineCommand({
  detail: "Stores the value and binding of an old version as a new one; nothing is lost.",
  examples: [{ line: "agentsecrets secrets rollback STRIPE_KEY --to 2", why: "version 2 becomes the newest again" }],
  define: (command) =>
    withPlace(
      command.argument("<key>", "name of the secret")
        .option("--to <version>", "the version to bring back", integer("--to", 1, 1_000_000_000))
        .option("--force", "overwrite a change made here that was never pushed"),
    ),
  run: async (context, options, name) => {
    if (options.to === undefined) throw new AppError("missing_answer", { what: "the version", flag: "--to N" });
    const result = await rollbackSecret(context.world, {
      ...placeOf(context, options),
      name,
      to: options.to,
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showWrite(
      context.view,
      (_, place) => `${name} of ${place} is what it was in version ${result.restored}`,
      result,
    );
  },
});
