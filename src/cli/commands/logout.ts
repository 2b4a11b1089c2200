/** `logout`. @module */

import { logout } from "../../usecases/logout.ts";
import { forgetInProxy } from "../../usecases/proxy_control.ts";
import { defineCommand } from "../command.ts";
import { withConfirmation } from "../options.ts";
import { count, tick } from "../view/view.ts";

export const command = defineCommand({
  detail:
    "The session and this device's keys leave the keychain. With --forget the account key and every stored value too: what " +
    "is on the server stays, and the Emergency Kit brings it back.",
  examples: [
    { line: "agentsecrets logout", why: "end the session" },
    { line: "agentsecrets logout --forget", why: "leave nothing on this machine" },
  ],
  define: (command) =>
    withConfirmation(
      command
        .option("--forget", "also remove the account key and every stored value")
        .option("--force", "with --forget: lose changes that were never pushed"),
    ),
  run: async (context, options) => {
    const { answers, view } = context;
    if (options.forget === true) {
      await answers.confirm(
        "Remove the account key and every stored value from this machine?",
        "whether to forget everything",
      );
    }
    const result = await logout(context.world, {
      ...(options.forget === true ? { forget: true } : {}),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    // A running proxy refuses calls from now on; what it still holds in memory goes now, or within a minute.
    await forgetInProxy(context.world, context.signal);
    const document = {
      email: result.email,
      session_ended: result.sessionEnded,
      forgotten: result.forgotten,
      removed_values: result.removedValues,
    };
    await view.done(document, (style) =>
      tick(
        style,
        result.forgotten
          ? `Logged out ${result.email} and removed ${count(result.removedValues, "value")} from this machine`
          : `Logged out ${result.email}`,
      ));
  },
});
