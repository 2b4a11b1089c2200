/** `account password`. @module */

import { changePassword } from "../../../usecases/account_password.ts";
import { defineCommand } from "../../command.ts";
import { deliverKit, kitLine, requireKitPlace } from "../../kit.ts";
import { withNewPassword, withPassword } from "../../options.ts";
import { count, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "All other sessions end. With --new-account-key the account key changes too, and a new Emergency Kit is made.",
  examples: [
    { line: "agentsecrets account password", why: "at a terminal" },
    {
      line: "agentsecrets account password --password-stdin --new-password-stdin < two-lines.txt",
      why: "the present password on the first line, the new one on the second",
    },
  ],
  define: (command) =>
    withNewPassword(withPassword(
      command
        .option("--new-account-key", "change the account key too")
        .option("--kit <file>", "with --new-account-key: write the Emergency Kit to this new file"),
    )),
  run: async (context, options) => {
    const { answers } = context;
    if (options.newAccountKey === true) await requireKitPlace(context, options.kit);
    const result = await changePassword(context.world, {
      password: () => answers.password("change the password", "Present password:"),
      newPassword: () => answers.chosen("newPassword", "New password:"),
      ...(options.newAccountKey === true ? { newAccountKey: true } : {}),
    }, context.signal);
    using kit = result.kit;
    const path = kit === undefined ? undefined : await deliverKit(context, kit, options.kit);
    const document = { changed: true, ended_sessions: result.endedSessions, kit: path ?? null };
    await context.view.done(
      document,
      (style) =>
        tick(style, `Changed the password; ${count(result.endedSessions, "other session")} ended`) +
        (path === undefined ? "" : `${kitLine(path)}\n`),
    );
  },
});
