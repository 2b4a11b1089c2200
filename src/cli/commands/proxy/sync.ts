/** `proxy sync`. @module */

import { listAllowlist } from "../../../usecases/list_allowlist.ts";
import { defineCommand } from "../../command.ts";
import { count, tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "Fetches and verifies the workspace's log now. A running proxy does the same at every call, so nothing has to be waited for.",
  examples: [{ line: "agentsecrets proxy sync", why: "which allowlist is in force?" }],
  define: (command) => command,
  run: async (context) => {
    const allowlist = await listAllowlist(context.world, context.signal);
    const document = { workspace: allowlist.workspace, version: allowlist.version, entries: allowlist.entries.length };
    await context.view.data(document, (style) =>
      tick(
        style,
        `Verified the log of ${allowlist.workspace}: version ${allowlist.version} of the allowlist, ${
          count(allowlist.entries.length, "entry", "entries")
        }`,
      ));
  },
});
