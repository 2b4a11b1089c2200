/** `workspace allowlist add`. @module */

import { addAllowlistEntries } from "../../../../usecases/change_allowlist.ts";
import { defineCommand } from "../../../command.ts";
import { withPassword } from "../../../options.ts";
import { showChange } from "../../../view/allowlist.ts";

export const command = defineCommand({
  detail:
    "Every change is signed with a key that exists only while the password is known, so an agent cannot widen the list alone. " +
    "An entry is a host (https, port 443, this host only), *.host, host:port, or a full origin: plain http and private " +
    "addresses are reachable only when their full origin is listed.",
  examples: [
    { line: "agentsecrets workspace allowlist add api.stripe.com api.openai.com", why: "two hosts at once" },
    { line: "agentsecrets workspace allowlist add http://localhost:3000", why: "a server on this machine" },
  ],
  define: (command) => withPassword(command.argument("<entries...>", "hosts, *.host, host:port or full origins")),
  run: async (context, _options, entries) => {
    const result = await addAllowlistEntries(context.world, {
      entries,
      password: () => context.answers.password("change the allowlist"),
    }, context.signal);
    await showChange(context, "Allowed", "was allowed already", result);
  },
});
