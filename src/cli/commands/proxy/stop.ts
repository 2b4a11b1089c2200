/** `proxy stop`. @module */

import { stopProxy } from "../../../usecases/proxy_control.ts";
import { defineCommand } from "../../command.ts";
import { proxyJson } from "../../view/proxy.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "Running calls end first.",
  examples: [{ line: "agentsecrets proxy stop", why: "end the proxy of this home" }],
  define: (command) => command,
  run: async (context) => {
    const state = await stopProxy(context.world, context.signal);
    await context.view.done(
      { ...proxyJson(state), running: false },
      (style) => tick(style, `The proxy on port ${state.port} has ended`),
    );
  },
});
