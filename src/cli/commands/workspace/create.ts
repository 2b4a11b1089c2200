/** `workspace create`. @module */

import { createWorkspace } from "../../../usecases/create_workspace.ts";
import { defineCommand } from "../../command.ts";
import { withPassword } from "../../options.ts";
import { workspaceJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "Its first entry is signed with your identity key, so it asks for the password. It becomes the active one.",
  examples: [{ line: 'agentsecrets workspace create "Acme Engineering"', why: "a workspace beside the personal one" }],
  define: (command) => withPassword(command.argument("<name>", "1 to 64 characters")),
  run: async (context, _options, name) => {
    const workspace = await createWorkspace(context.world, {
      name,
      password: () => context.answers.password("found a workspace"),
    }, context.signal);
    await context.view.done(
      workspaceJson(workspace),
      (style) => tick(style, `Created the workspace ${workspace.name} and switched to it`),
    );
  },
});
