/** `project update`. @module */

import { AppError } from "../../../kernel/error.ts";
import { updateProject } from "../../../usecases/update_project.ts";
import { defineCommand } from "../../command.ts";
import { projectJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  examples: [
    { line: "agentsecrets project update payments --name billing", why: "rename it" },
    { line: 'agentsecrets project update payments --description "Card payments"', why: "say what it is for" },
  ],
  define: (command) =>
    command.argument("<project>", "name or id of the project")
      .option("--name <name>", "a new name")
      .option("--description <text>", "a new description; empty removes it"),
  run: async (context, options, project) => {
    if (options.name === undefined && options.description === undefined) {
      throw new AppError("missing_answer", { what: "a change", flag: "--name NAME or --description TEXT" });
    }
    const updated = await updateProject(context.world, {
      project,
      ...(options.name === undefined ? {} : { name: options.name }),
      ...(options.description === undefined ? {} : { description: options.description }),
    }, context.signal);
    await context.view.done(projectJson(updated), (style) => tick(style, `Updated the project ${updated.name}`));
  },
});
