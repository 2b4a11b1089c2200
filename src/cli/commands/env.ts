/** `env`. @module */

import { AppError } from "../../kernel/error.ts";
import { parseSecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { saveEnvDefault } from "../../usecases/env_selection.ts";
import { runWithEnv } from "../../usecases/run_with_env.ts";
import { defineCommand } from "../command.ts";
import type { CommandContext } from "../context.ts";
import { list } from "../options.ts";
import { tick } from "../view/view.ts";

export const command = defineCommand({
  detail:
    "The values are in the program's environment and nowhere else: not in a file, not in the arguments. What it prints goes " +
    "through with the environment's values (8 bytes or more) replaced by [REDACTED_BY_AGENTSECRETS]; stdout or stderr on a terminal is passed " +
    "straight through, for a person. Output that looks like the beginning of a value waits for what decides it; when the program pauses, at most " +
    "4 bytes of it go on. Its exit number is this command's. Everything after -- belongs to the program. Give a program what it needs: --only names it " +
    "once, --only with --save writes it to .agentsecrets/project.json as the folder's default, which --all sets aside. Whoever may edit that file may " +
    "change the default: it keeps secrets from programs that do not need them, not from somebody who wants them.",
  examples: [
    { line: "agentsecrets env -- npm test", why: "the folder's default, else every secret of the active environment" },
    {
      line: "agentsecrets env --only DATABASE_URL --env staging -- python manage.py migrate",
      why: "one of them, from staging",
    },
    { line: "agentsecrets env --only DATABASE_URL,SENTRY_DSN --save", why: "from now on these, in this project" },
    { line: "agentsecrets env --no-mask -- ./make-config > config.ini", why: "a person needs the values in a file" },
  ],
  define: (command) =>
    command
      .argument("[program...]", "the program and its arguments")
      .option("--only <names>", "these secrets only (comma-separated)", list)
      .option("--all", "every secret, whatever the folder's default is")
      .option("--save", "keep --only as the folder's default, or with --all have none; runs nothing")
      .option("--project <name>", "project instead of this folder's")
      .option("--env <name>", "environment instead of the active one")
      .option("--no-mask", "leave output as it is: needs a terminal and the password")
      .passThroughOptions(),
  run: async (context, options, [program, ...args]) => {
    if (options.all === true && options.only !== undefined) {
      throw new AppError("usage", { problem: "Cannot use --only and --all together" });
    }
    if (options.save === true) return await save(context, options, program);
    if (program === undefined || program === "") {
      throw new AppError("usage", { problem: "Cannot run a program without its name: agentsecrets env -- PROGRAM" });
    }
    const { terminal, answers, view } = context;
    const askPassword = (): Promise<Secret> => answers.password("leave output unmasked");
    const result = await runWithEnv(context.world, {
      program,
      args,
      ...(options.only === undefined ? {} : { only: options.only }),
      ...(options.all === true ? { all: true } : {}),
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
      ...(options.mask ? {} : { unmasked: { terminal, askPassword } }),
      onLeftOut: (names) => view.warn(leftOutWarning(names)),
      onDefault: async (names) => {
        // For the person who wonders; a program's log stays the program's.
        if (terminal.isTerminal("stderr")) await view.note(defaultNote(names));
      },
    }, context.signal);
    return result.exitCode;
  },
});

async function save(
  context: CommandContext,
  options: {
    readonly only?: readonly string[] | undefined;
    readonly all?: boolean | undefined;
    readonly project?: string | undefined;
    readonly env?: string | undefined;
  },
  program: string | undefined,
): Promise<void> {
  if (program !== undefined || options.project !== undefined || options.env !== undefined) {
    throw new AppError("usage", {
      problem: "Cannot use --save with a program, --project or --env: it writes the default of this folder's project",
    });
  }
  if (options.only === undefined && options.all !== true) {
    throw new AppError("missing_answer", { what: "the names of secrets", flag: "--only NAMES or --all" });
  }
  const { path, names } = await saveEnvDefault(context.world, options.only?.map(parseSecretName));
  await context.view.done(
    { path, env_only: names ?? null },
    (style) =>
      tick(
        style,
        names === undefined
          ? "Programs get every secret again"
          : `Programs get ${names.join(", ")} and no other secret`,
      ) + style.dim(`  unless --only or --all says otherwise (${path})\n`),
  );
}

function defaultNote(names: readonly string[]): string {
  const given = names.length === 0 ? "no secret" : names.join(", ");
  return `With ${given}, this folder's default; --all gives all`;
}

function leftOutWarning(names: readonly string[]): string {
  return `Left out ${names.join(", ")}: variables of such names change which code a program runs. --only ${
    names.join(",")
  } gives them all the same`;
}
