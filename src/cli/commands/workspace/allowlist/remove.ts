/** `workspace allowlist remove`. @module */

import { removeAllowlistEntries } from "../../../../usecases/change_allowlist.ts";
import { defineCommand } from "../../../command.ts";
import { withPassword } from "../../../options.ts";
import { showChange } from "../../../view/allowlist.ts";

export const command = defineCommand({
  detail: "A running proxy and the next call refuse them from now on.",
  examples: [{ line: "agentsecrets workspace allowlist remove api.stripe.com", why: "forbid a host again" }],
  define: (command) => withPassword(command.argument("<entries...>", "entries as 'allowlist list' shows them")),
  run: async (context, _options, entries) => {
    const result = await removeAllowlistEntries(context.world, {
      entries,
      password: () => context.answers.password("change the allowlist"),
    }, context.signal);
    await showChange(context, "Removed", "was not in the list", result);
  },
});
