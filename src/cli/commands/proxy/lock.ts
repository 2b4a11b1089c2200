/** `proxy lock`. @module */

import { lockProxy } from "../../../usecases/lock_proxy.ts";
import { defineCommand } from "../../command.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "For a sealed vault (init --storage-mode 3): the running proxy forgets its keys and values, and running calls end. Only " +
    "'agentsecrets proxy start' with the account's password opens the vault again.",
  examples: [{ line: "agentsecrets proxy lock", why: "before leaving the machine to somebody, or something, else" }],
  define: (command) => command,
  run: async (context) => {
    await lockProxy(context.world);
    await context.view.done({ locked: true }, (style) => tick(style, "The proxy has locked the sealed vault"));
  },
});
