/** `project create`. @module */

import { createProject } from "../../../usecases/create_project.ts";
import { defineCommand } from "../../command.ts";
import { teach } from "../../teach.ts";
import { projectJson, taughtLine } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "With the environments development, staging and production. This folder belongs to it afterwards: " +
    ".agentsecrets/project.json says so, and .agent/workflows/agentsecrets.md tells AI assistants how to work here; neither holds a " +
    "credential, both are safe to commit.",
  examples: [
    { line: "agentsecrets project create payments", why: "create it and use it in this folder" },
    { line: 'agentsecrets project create jobs --description "Nightly jobs" --no-use', why: "create it for later" },
  ],
  define: (command) =>
    command.argument("<name>", "letters, digits, '.', '_' and '-'")
      .option("--description <text>", "what it is for")
      .option("--no-use", "leave this folder as it is"),
  run: async (context, options, name) => {
    const result = await createProject(context.world, {
      name,
      ...(options.description === undefined ? {} : { description: options.description }),
      use: options.use,
    }, context.signal);
    const { project } = result;
    const files = result.path === undefined ? [] : (await teach(context)).written;
    await context.view.done(
      { ...projectJson(project), path: result.path ?? null, files },
      (style) =>
        tick(style, `Created the project ${project.name} with ${project.environments.join(", ")}`) +
        (result.path === undefined ? "" : style.dim(`  this folder belongs to it (${result.path})\n`)) +
        taughtLine(files, style),
    );
  },
});
