/** `project delete`. @module */

import { deleteProject } from "../../../usecases/delete_project.ts";
import { defineCommand } from "../../command.ts";
import { withConfirmation } from "../../options.ts";
import { showDeleted } from "../../view/deleted.ts";

export const command = defineCommand({
  detail: "For everyone, with all its environments; its values leave this machine's keychain.",
  examples: [{ line: "agentsecrets project delete old-app --yes", why: "delete it without being asked" }],
  define: (command) =>
    withConfirmation(
      command.argument("<project>", "name or id of the project")
        .option("--force", "lose changes that were never pushed"),
    ),
  run: async (context, options, project) => {
    await context.answers.confirm(
      `Delete the project ${project} with all its secrets, for everyone?`,
      "whether to delete it",
    );
    const result = await deleteProject(context.world, {
      project,
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showDeleted(context.view, "project", result);
  },
});
