/** `workspace delete`. @module */

import { deleteWorkspace } from "../../../usecases/delete_workspace.ts";
import { defineCommand } from "../../command.ts";
import { withConfirmation, withPassword } from "../../options.ts";
import { showDeleted } from "../../view/deleted.ts";

export const command = defineCommand({
  detail: "For everyone, with all its projects. Asks for the password.",
  examples: [{ line: "agentsecrets workspace delete Experiments", why: "end a workspace" }],
  define: (command) =>
    withConfirmation(withPassword(
      command.argument("<workspace>", "name or id of the workspace")
        .option("--force", "lose changes that were never pushed"),
    )),
  run: async (context, options, workspace) => {
    const { answers } = context;
    await answers.confirm(
      `Delete the workspace ${workspace} with all its projects, for everyone?`,
      "whether to delete it",
    );
    const result = await deleteWorkspace(context.world, {
      workspace,
      password: () => answers.password("delete a workspace"),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showDeleted(context.view, "workspace", result);
  },
});
