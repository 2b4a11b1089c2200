/** `login`. @module */

import { login } from "../../usecases/login.ts";
import { defineCommand } from "../command.ts";
import { integer, withPassword } from "../options.ts";
import { iso } from "../view/time.ts";
import { tick } from "../view/view.ts";

export const command = defineCommand({
  detail:
    "Asks for the password, and for the account key of the Emergency Kit where this machine's keychain does not have it.",
  examples: [
    { line: "agentsecrets login", why: "at a terminal" },
    { line: "agentsecrets login --password-stdin < password.txt", why: "without one" },
  ],
  define: (command) =>
    withPassword(command)
      .option(
        "--account-key-fd <n>",
        "read the account key from this file descriptor",
        integer("a descriptor", 0, 1023),
      ),
  run: async (context, options) => {
    const { answers, terminal, view } = context;
    const what = "the account key";
    const result = await login(context.world, {
      password: () => answers.password("log in"),
      accountKey: () =>
        options.accountKeyFd === undefined
          ? answers.typed("Account key (AS1-…):", what, "--account-key-fd N")
          : terminal.readSecretLine({ fd: options.accountKeyFd }, what),
    }, context.signal);
    const document = {
      email: result.email,
      user_id: result.userId,
      device_id: result.deviceId,
      server: result.server,
      new_device: result.newDevice,
      session_expires_at: iso(result.sessionExpiresAt),
    };
    await view.done(
      document,
      (style) => tick(style, `Logged in as ${result.email}${result.newDevice ? ", on a new device" : ""}`),
    );
  },
});
