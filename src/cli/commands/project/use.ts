/** `project use`. @module */

import { parseEnvironmentName } from "../../../kernel/names.ts";
import { useProject } from "../../../usecases/use_project.ts";
import { defineCommand } from "../../command.ts";
import { teach } from "../../teach.ts";
import { projectJson, taughtLine } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail:
    "Writes .agentsecrets/project.json and, for AI assistants, .agent/workflows/agentsecrets.md where it is missing: neither holds a " +
    "credential, both are safe to commit. Folders below this one belong to the project too.",
  examples: [{ line: "agentsecrets project use payments", why: "this folder belongs to payments" }],
  define: (command) =>
    command.argument("<name>", "name or id of the project")
      .option("--env <name>", "the folder's default environment (development)"),
  run: async (context, options, project) => {
    const result = await useProject(context.world, {
      project,
      ...(options.env === undefined ? {} : { environment: parseEnvironmentName(options.env) }),
    }, context.signal);
    const files = (await teach(context)).written;
    await context.view.done(
      { ...projectJson(result.project), path: result.path, files },
      (style) => tick(style, `This folder belongs to ${result.project.name}`) + taughtLine(files, style),
    );
  },
});
