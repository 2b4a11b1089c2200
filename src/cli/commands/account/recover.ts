/** `account recover`. @module */

import { recoverAccount } from "../../../usecases/account_recover.ts";
import { defineCommand } from "../../command.ts";
import { deliverKit, kitLine, requireKitPlace } from "../../kit.ts";
import { integer, withNewPassword } from "../../options.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "With the recovery code of the Emergency Kit: a new password, a new account key and a new recovery code. Every session " +
    "ends, and the account's log records it.",
  examples: [
    { line: "agentsecrets account recover", why: "at a terminal" },
    {
      line:
        "agentsecrets account recover --recovery-code-fd 3 --new-password-stdin --kit kit.txt 3< code.txt < password.txt",
      why: "without one",
    },
  ],
  define: (command) =>
    withNewPassword(command)
      .option(
        "--recovery-code-fd <n>",
        "read the recovery code from this file descriptor",
        integer("a descriptor", 0, 1023),
      )
      .option("--kit <file>", "write the new Emergency Kit to this new file instead of the terminal"),
  run: async (context, options) => {
    const { answers, terminal } = context;
    await requireKitPlace(context, options.kit);
    const what = "the recovery code";
    const result = await recoverAccount(context.world, {
      recoveryCode: () =>
        options.recoveryCodeFd === undefined
          ? answers.typed("Recovery code (ASR1-…):", what, "--recovery-code-fd N")
          : terminal.readSecretLine({ fd: options.recoveryCodeFd }, what),
      newPassword: () => answers.chosen("newPassword", "New password:"),
    }, context.signal);
    using kit = result.kit;
    const path = await deliverKit(context, kit, options.kit);
    const document = { email: result.email, user_id: result.userId, device_id: result.deviceId, kit: path };
    await context.view.done(document, (style) => tick(style, `Recovered ${result.email}`) + `${kitLine(path)}\n`);
  },
});
