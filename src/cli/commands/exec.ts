/** `exec`. @module */

import { provideSecretRefs } from "../../usecases/exec_provider.ts";
import { defineCommand } from "../command.ts";
import { withPlace } from "../options.ts";

/** Largest request, in bytes. */
const MAX_REQUEST_BYTES = 1024 * 1024;

export const command = defineCommand({
  detail: "The exec provider of OpenClaw's SecretRef: JSON {protocolVersion: 1, provider, ids} on standard input, " +
    "{protocolVersion: 1, values, errors} on standard output. Its ids have no underscore: '-' stands for it. It hands values to the program that asks: give it only to one you trust.",
  examples: [{
    line: `echo '{"protocolVersion":1,"provider":"agentsecrets","ids":["STRIPE-KEY"]}' | agentsecrets exec`,
    why: "what OpenClaw does",
  }],
  define: (command) => withPlace(command),
  run: async (context, options) => {
    const request = await context.terminal.readStdin(MAX_REQUEST_BYTES);
    await provideSecretRefs(context.world, request, context.signal, {
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
    });
  },
});
