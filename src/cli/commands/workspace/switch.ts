/** `workspace switch`. @module */

import { switchWorkspace } from "../../../usecases/switch_workspace.ts";
import { defineCommand } from "../../command.ts";
import { workspaceJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "The workspace that commands outside a project's folder mean.",
  examples: [{ line: 'agentsecrets workspace switch "Acme Engineering"', why: "work there from now on" }],
  define: (command) => command.argument("<workspace>", "name or id of the workspace"),
  run: async (context, _options, workspace) => {
    const switched = await switchWorkspace(context.world, { workspace }, context.signal);
    await context.view.done(workspaceJson(switched), (style) => tick(style, `Switched to ${switched.name}`));
  },
});
