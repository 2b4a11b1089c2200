/** `project list`. @module */

import { listProjects } from "../../../usecases/list_projects.ts";
import { defineCommand } from "../../command.ts";
import { projectJson } from "../../view/project.ts";
import { table } from "../../view/table.ts";

export const command = defineCommand({
  examples: [{ line: "agentsecrets project list", why: "which projects the workspace has" }],
  define: (command) => command,
  run: async (context) => {
    const projects = await listProjects(context.world, context.signal);
    await context.view.data({ projects: projects.map(projectJson) }, (style) =>
      projects.length === 0 ? "" : table(
        ["Project", "Workspace", "Description"],
        projects.map((project) => [project.name, project.workspace.name, project.description]),
        style,
      ));
    const active = projects.find((project) => project.active);
    if (projects.length === 0) await context.view.note("No projects yet: agentsecrets project create NAME");
    else if (active !== undefined) await context.view.note(`This folder belongs to ${active.name}`);
  },
});
