/** `workspace update`. @module */

import { AppError } from "../../../kernel/error.ts";
import { renameWorkspace } from "../../../usecases/rename_workspace.ts";
import { defineCommand } from "../../command.ts";
import { workspaceJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  examples: [{ line: 'agentsecrets workspace update Personal --name "Side projects"', why: "rename it" }],
  define: (command) =>
    command.argument("[workspace]", "name or id; the active one without it").option("--name <name>", "the new name"),
  run: async (context, options, workspace) => {
    if (options.name === undefined) throw new AppError("missing_answer", { what: "the new name", flag: "--name NAME" });
    const renamed = await renameWorkspace(context.world, {
      name: options.name,
      ...(workspace === undefined ? {} : { workspace }),
    }, context.signal);
    await context.view.done(
      workspaceJson(renamed),
      (style) => tick(style, `The workspace is called ${renamed.name} now`),
    );
  },
});
