/** `proxy start`. @module */

import { type ProxyState, runProxy } from "../../../usecases/proxy_server.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { integer } from "../../options.ts";
import { proxyJson } from "../../view/proxy.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "Runs until Ctrl-C or 'agentsecrets proxy stop'. It listens on this machine only and answers no browser.",
  examples: [
    { line: "agentsecrets proxy start", why: "serve on port 8765" },
    {
      line:
        'curl http://localhost:8765/proxy -H "X-AS-Target-URL: https://api.stripe.com/v1/balance" -H "X-AS-Inject-Bearer: STRIPE_KEY"',
      why: "then, from any program",
    },
  ],
  define: (command) => command.option("--port <n>", "port on this machine (8765)", integer("--port", 0, 65_535)),
  run: async (context, options) => {
    const input = options.port === undefined ? {} : { port: options.port };
    await runProxy(context.world, input, (state) => ready(context, state), context.signal);
    await context.view.note("The proxy has ended");
  },
});

async function ready(context: CommandContext, state: ProxyState): Promise<void> {
  await context.view.done(
    proxyJson(state),
    (style) =>
      tick(style, `The proxy listens on http://localhost:${state.port}/proxy`) +
      style.dim(
        `  ${state.project === "" ? "no project" : `${state.project} / ${state.environment}`}; end it with Ctrl-C\n`,
      ),
  );
}
