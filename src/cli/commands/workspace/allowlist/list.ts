/** `workspace allowlist list`. @module */

import { listAllowlist } from "../../../../usecases/list_allowlist.ts";
import { defineCommand } from "../../../command.ts";
import { allowlistJson } from "../../../view/allowlist.ts";
import { table } from "../../../view/table.ts";
import { minuteOf } from "../../../view/time.ts";

export const command = defineCommand({
  detail: "Read from the workspace's verified log. What is not listed is refused.",
  examples: [{ line: "agentsecrets workspace allowlist list", why: "where secrets may be sent" }],
  define: (command) => command,
  run: async (context) => {
    const allowlist = await listAllowlist(context.world, context.signal);
    await context.view.data(allowlistJson(allowlist), (style) =>
      allowlist.entries.length === 0 ? "" : table(
        ["Domain", "Added By", "Added At"],
        allowlist.entries.map((entry) => [entry.entry, entry.addedBy, minuteOf(entry.addedAt)]),
        style,
      ));
    if (allowlist.entries.length === 0) {
      await context.view.note(
        "Nothing is allowed yet, so every call is refused: agentsecrets workspace allowlist add HOST",
      );
    }
  },
});
