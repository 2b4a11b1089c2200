/** `proxy sync`. @module */

import { listAllowlist } from "../../../usecases/list_allowlist.ts";
import { forgetInProxy } from "../../../usecases/proxy_control.ts";
import { defineCommand } from "../../command.ts";
import { count, tick } from "../../view/view.ts";

const PROXY = {
  forgotten: "The running proxy dropped the values that it held in memory",
  not_running: "No proxy is running",
  unreachable: "The running proxy did not answer; what it holds in memory goes within a minute",
} as const;

export const command = defineCommand({
  detail:
    "Fetches and verifies the workspace's log now, and has a running proxy drop the values that it keeps in memory to redact " +
    "answers. A proxy notices changes by itself within a second.",
  examples: [{ line: "agentsecrets proxy sync", why: "which allowlist is in force?" }],
  define: (command) => command,
  run: async (context) => {
    const allowlist = await listAllowlist(context.world, context.signal);
    const proxy = await forgetInProxy(context.world, context.signal);
    const document = {
      workspace: allowlist.workspace,
      version: allowlist.version,
      entries: allowlist.entries.length,
      proxy,
    };
    await context.view.data(document, (style) =>
      tick(
        style,
        `Verified the log of ${allowlist.workspace}: version ${allowlist.version} of the allowlist, ${
          count(allowlist.entries.length, "entry", "entries")
        }`,
      ) + style.dim(`  ${PROXY[proxy]}\n`));
  },
});
