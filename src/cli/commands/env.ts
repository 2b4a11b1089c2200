/** `env`. @module */

import { AppError } from "../../kernel/error.ts";
import type { Secret } from "../../kernel/secret.ts";
import { runWithEnv } from "../../usecases/run_with_env.ts";
import { defineCommand } from "../command.ts";
import { list } from "../options.ts";

export const command = defineCommand({
  detail:
    "The values are in the program's environment and nowhere else: not in a file, not in the arguments. What it prints goes " +
    "through with the environment's values (8 bytes or more) replaced by [REDACTED_BY_AGENTSECRETS]; stdout or stderr on a terminal is passed " +
    "straight through, for a person. Output that looks like the beginning of a value waits for what decides it; when the program pauses, at most " +
    "4 bytes of it go on. Its exit number is this command's. Everything after -- belongs to the program.",
  examples: [
    { line: "agentsecrets env -- npm test", why: "every secret of the active environment" },
    {
      line: "agentsecrets env --only DATABASE_URL --env staging -- python manage.py migrate",
      why: "one of them, from staging",
    },
    { line: "agentsecrets env --no-mask -- ./make-config > config.ini", why: "a person needs the values in a file" },
  ],
  define: (command) =>
    command
      .argument("<program...>", "the program and its arguments")
      .option("--only <names>", "these secrets only (comma-separated)", list)
      .option("--project <name>", "project instead of this folder's")
      .option("--env <name>", "environment instead of the active one")
      .option("--no-mask", "leave output as it is: needs a terminal and the password")
      .passThroughOptions(),
  run: async (context, options, [program, ...args]) => {
    if (program === undefined || program === "") {
      throw new AppError("usage", { problem: "Cannot run an empty program name" });
    }
    const { terminal, answers, view } = context;
    const askPassword = (): Promise<Secret> => answers.password("leave output unmasked");
    const result = await runWithEnv(context.world, {
      program,
      args,
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
      ...(options.mask ? {} : { unmasked: { terminal, askPassword } }),
      onLeftOut: (names) => view.warn(leftOutWarning(names)),
    }, context.signal);
    return result.exitCode;
  },
});

function leftOutWarning(names: readonly string[]): string {
  return `Left out ${names.join(", ")}: variables of such names change which code a program runs. --only ${
    names.join(",")
  } gives them all the same`;
}
