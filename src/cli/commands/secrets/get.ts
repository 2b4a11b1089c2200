/** `secrets get`. @module */

import { AppError } from "../../../kernel/error.ts";
import { getSecret } from "../../../usecases/secrets/get.ts";
import { defineCommand } from "../../command.ts";
import { withPlace } from "../../options.ts";
import { placeOf } from "../../place.ts";

export const command = defineCommand({
  detail:
    "For a person only: it needs a terminal and the account's password, and prints to that terminal. Programs and agents " +
    "use a secret without reading it: 'agentsecrets call', 'agentsecrets env' or the proxy.",
  examples: [
    { line: "agentsecrets secrets get STRIPE_KEY", why: "look at a value" },
    { line: "agentsecrets secrets get STRIPE_KEY --clip", why: "paste it somewhere without showing it" },
  ],
  define: (command) =>
    withPlace(
      command.argument("<key>", "name of the secret")
        .option("--clip", "copy it to the clipboard instead of printing it"),
    ),
  run: async (context, options, name) => {
    const { terminal, answers, view } = context;
    const person = terminal.isTerminal("stdin") && terminal.isTerminal("stdout") && terminal.canAsk;
    if (!person || view.json) throw new AppError("person_required", { action: "show a value" });
    const result = await getSecret(context.world, {
      ...placeOf(context, options),
      name,
      terminal,
      askPassword: () => answers.password("show a value"),
    }, context.signal);
    using value = result.value;
    if (options.clip !== true) return await terminal.reveal(value);
    await terminal.copy(value);
    await view.note(
      `${result.name} is in the clipboard: other programs can read it there until something else is copied`,
    );
  },
});
