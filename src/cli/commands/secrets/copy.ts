/** `secrets copy`. @module */

import { AppError } from "../../../kernel/error.ts";
import { copySecrets } from "../../../usecases/secrets/copy.ts";
import { defineCommand } from "../../command.ts";
import { list, withProject } from "../../options.ts";
import { placeOf } from "../../place.ts";
import { showWrite } from "../../view/secrets.ts";

export const command = defineCommand({
  detail: "What the target already holds with another value is left alone, unless --force.",
  examples: [
    { line: "agentsecrets secrets copy --from development --to staging", why: "begin a new environment" },
    { line: "agentsecrets secrets copy --from staging --to production --only STRIPE_KEY", why: "one secret only" },
  ],
  define: (command) =>
    withProject(command)
      .option("--from <environment>", "where they are")
      .option("--to <environment>", "where they go")
      .option("--only <names>", "these only (comma-separated)", list)
      .option("--force", "overwrite what the target holds"),
  run: async (context, options) => {
    if (options.from === undefined) {
      throw new AppError("missing_answer", { what: "the source", flag: "--from ENVIRONMENT" });
    }
    if (options.to === undefined) {
      throw new AppError("missing_answer", { what: "the target", flag: "--to ENVIRONMENT" });
    }
    const result = await copySecrets(context.world, {
      ...placeOf(context, { project: options.project }),
      from: options.from,
      to: options.to,
      ...(options.only === undefined ? {} : { names: options.only }),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showWrite(context.view, (secrets, place) => `Copied ${secrets} to ${place}`, result);
    if (result.skipped.length > 0) {
      await context.view.warn(
        `Left alone, because ${options.to} holds another value: ${result.skipped.join(", ")} (--force)`,
      );
    }
  },
});
