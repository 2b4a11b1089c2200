/** `mcp serve`. @module */

import { AppError, toAppError } from "../../../kernel/error.ts";
import { defineCommand } from "../../command.ts";
import type { CommandContext } from "../../context.ts";
import { UPSTREAM_PROXY, withPlace } from "../../options.ts";
import { absolute } from "../../place.ts";
import { VERSION } from "../../version.ts";
import { errorTrace } from "../../view/error.ts";

export const command = defineCommand({
  detail:
    "An AI tool starts it and speaks MCP on standard input and output; 'agentsecrets mcp install' writes the entry. Its tools " +
    "take names and give redacted answers: none shows a value, none changes who may do what. It works in the project of the " +
    "folder it is started in, else of the folder that the tool has open, and ends when standard input closes.",
  examples: [
    { line: "agentsecrets mcp serve", why: "what an AI tool runs" },
    { line: "agentsecrets mcp serve --env staging", why: "for one environment only: no tool call reaches another" },
  ],
  define: (command) =>
    withPlace(command)
      .option("--folder <path>", "project folder to work in, instead of the one it is started in")
      .option(...UPSTREAM_PROXY),
  run: async (context, options) => {
    if ((options as Readonly<Record<string, unknown>>)["vaultPassphraseStdin"] === true) {
      throw new AppError("usage", {
        problem: "Cannot use --vault-passphrase-stdin here: standard input belongs to MCP; use --vault-passphrase-fd N",
      });
    }
    await context.world.serveMcp(context.world, {
      version: VERSION,
      ...(options.folder === undefined ? {} : { folder: absolute(context, options.folder) }),
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.env === undefined ? {} : { environment: options.env }),
      report: (tool, error) => report(context, tool, error),
    }, context.signal);
  },
});

/** A bug, on standard error; where it happened only when that is asked for. */
async function report(context: CommandContext, tool: string, error: unknown): Promise<void> {
  await context.view.warn(`${tool}: ${toAppError(error).message}`);
  if (context.world.debug) await context.terminal.write("stderr", errorTrace(error));
}
