/** `workspace list`. @module */

import { listWorkspaces } from "../../../usecases/list_workspaces.ts";
import { defineCommand } from "../../command.ts";
import { workspaceJson } from "../../view/project.ts";
import { printable } from "../../view/style.ts";

export const command = defineCommand({
  examples: [{ line: "agentsecrets workspace list", why: "the arrow marks the active one" }],
  define: (command) => command,
  run: async (context) => {
    const workspaces = await listWorkspaces(context.world, context.signal);
    await context.view.data(
      { workspaces: workspaces.map(workspaceJson) },
      (style) =>
        workspaces.map((workspace) =>
          `${workspace.active ? style.green("→") : " "} ${printable(workspace.name)} ${
            style.dim(`(${workspace.type})`)
          }\n`
        ).join(""),
    );
  },
});
