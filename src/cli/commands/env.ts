/** `env`. @module */

import { AppError } from "../../kernel/error.ts";
import { runWithEnv } from "../../usecases/run_with_env.ts";
import { defineCommand } from "../command.ts";
import { list } from "../options.ts";

export const command = defineCommand({
  detail:
    "The values are in the program's environment and nowhere else: not in a file, not in the arguments. Its exit number is this " +
    "command's. Everything after -- belongs to the program.",
  examples: [
    { line: "agentsecrets env -- npm test", why: "every secret of the active environment" },
    {
      line: "agentsecrets env --only DATABASE_URL --env staging -- python manage.py migrate",
      why: "one of them, from staging",
    },
  ],
  define: (command) =>
    command
      .argument("<program...>", "the program and its arguments")
      .option("--only <names>", "these secrets only (comma-separated)", list)
      .option("--project <name>", "project instead of this folder's")
      .option("--env <name>", "environment instead of the active one")
      .passThroughOptions(),
  run: async (context, options, [program, ...args]) => {
    if (program === undefined || program === "") {
      throw new AppError("usage", { problem: "Cannot run an empty program name" });
    }
    const result = await runWithEnv(context.world, {
      program,
      args,
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
    }, context.signal);
    return result.exitCode;
  },
});
