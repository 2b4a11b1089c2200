/** `account kit`. @module */

import { readEmergencyKit } from "../../../usecases/account_kit.ts";
import { defineCommand } from "../../command.ts";
import { deliverKit, kitLine, requireKitPlace } from "../../kit.ts";
import { withPassword } from "../../options.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "The account key, after the password. The recovery code is kept nowhere and cannot be shown again; --new-recovery-code " +
    "makes another and ends the old one.",
  examples: [
    { line: "agentsecrets account kit", why: "show it on the terminal" },
    { line: "agentsecrets account kit --new-recovery-code --kit kit.txt", why: "a fresh one, into a file" },
  ],
  define: (command) =>
    withPassword(
      command
        .option("--kit <file>", "write it to this new file instead of the terminal")
        .option("--new-recovery-code", "make a new recovery code; the old one stops working"),
    ),
  run: async (context, options) => {
    await requireKitPlace(context, options.kit);
    using kit = await readEmergencyKit(context.world, {
      password: () => context.answers.password("show the Emergency Kit"),
      ...(options.newRecoveryCode === true ? { newRecoveryCode: true } : {}),
    }, context.signal);
    const path = await deliverKit(context, kit, options.kit);
    const document = {
      email: kit.email,
      user_id: kit.userId,
      fingerprint: kit.fingerprint,
      kit: path,
      has_recovery_code: kit.hasRecoveryCode,
    };
    await context.view.done(document, (style) => tick(style, kitLine(path)));
  },
});
