/** `proxy start`. @module */

import { detachProxy, type DetachProxyInput } from "../../../usecases/detach_proxy.ts";
import { type ProxyState, runProxy, type StartProxyInput } from "../../../usecases/proxy_server.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { integer, UPSTREAM_PROXY, withPassword } from "../../options.ts";
import { warnOfGap } from "../../start_up_gap.ts";
import { proxyJson } from "../../view/proxy.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "Runs until Ctrl-C or 'agentsecrets proxy stop'. It listens on this machine only, answers no browser and, on Linux, no other " +
    "user. With --require-token a caller sends the session token of this run in X-AS-Session; it stands in proxy.json in " +
    "AgentSecrets' home, which only you can read. With a sealed vault it asks for the account's password once, holds the vault open " +
    "for calls alone, and locks when nobody used it for a time.",
  examples: [
    { line: "agentsecrets proxy start", why: "serve on port 8765" },
    { line: "agentsecrets proxy start --detach", why: "the same in the background" },
    {
      line:
        'curl http://localhost:8765/proxy -H "X-AS-Target-URL: https://api.stripe.com/v1/balance" -H "X-AS-Inject-Bearer: STRIPE_KEY"',
      why: "then, from any program",
    },
    {
      line:
        'curl http://localhost:8765/proxy/v1/models -H "X-AS-Target-Origin: https://api.openai.com" -H "X-AS-Inject-Bearer: OPENAI_KEY"',
      why: "as SDKs do it, with http://localhost:8765/proxy/v1 as their base URL and these as default headers",
    },
  ],
  define: (command) =>
    withPassword(command)
      .option("--port <n>", "port on this machine (8765)", integer("--port", 0, 65_535))
      .option("--socket <path>", "also listen on this Unix socket, which only you can open")
      .option("--require-token", "answer only callers with a session or agent token")
      .option(
        "--lock-after <minutes>",
        "sealed vault: lock when unused for so long (60); 0 never",
        integer("--lock-after", 0, 10_080),
      )
      .option(...UPSTREAM_PROXY)
      .option("--detach", "run in the background; return once it answers"),
  run: async (context, options) => {
    const input: StartProxyInput = {
      ...(options.port === undefined ? {} : { port: options.port }),
      ...(options.socket === undefined ? {} : { socket: absolute(context, options.socket) }),
      ...(options.requireToken === undefined ? {} : { requireToken: options.requireToken }),
      ...(options.lockAfter === undefined ? {} : { lockAfterMs: options.lockAfter * 60_000 }),
    };
    // Before the password is asked for: it is the person who decides.
    await warnOfGap(context);
    if (options.detach === true) return await detach(context, input);
    await runProxy(context.world, input, (state) => ready(context, state, "end it with Ctrl-C"), context.signal);
    await context.view.note("The proxy has ended");
  },
});

async function detach(context: CommandContext, input: StartProxyInput): Promise<void> {
  const { answers } = context;
  const askPassphrase: DetachProxyInput["askPassphrase"] = (what) =>
    what === "password" ? answers.vaultPassword() : answers.vaultPassphrase();
  const state = await detachProxy(context.world, { ...input, askPassphrase }, context.signal);
  await ready(context, state, "end it with agentsecrets proxy stop");
}

async function ready(context: CommandContext, state: ProxyState, how: string): Promise<void> {
  await context.view.done(
    proxyJson(state),
    (style) =>
      tick(style, `The proxy listens on http://localhost:${state.port}/proxy`) +
      style.dim(`  ${state.project === "" ? "no project" : `${state.project} / ${state.environment}`}; ${how}\n`),
  );
}

function absolute({ folder }: CommandContext, path: string): string {
  return path.startsWith("/") ? path : `${folder}/${path}`;
}
