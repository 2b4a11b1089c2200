/** `environment delete`. @module */

import { deleteEnvironment } from "../../../usecases/delete_environment.ts";
import { defineCommand } from "../../command.ts";
import { withConfirmation, withProject } from "../../options.ts";
import { showDeleted } from "../../view/deleted.ts";

export const command = defineCommand({
  detail: "For everyone; its values leave this machine's keychain.",
  examples: [{ line: "agentsecrets environment delete preview --yes", why: "delete it without being asked" }],
  define: (command) =>
    withConfirmation(withProject(
      command.argument("<environment>", "name of the environment")
        .option("--force", "lose changes that were never pushed"),
    )),
  run: async (context, options, environment) => {
    await context.answers.confirm(
      `Delete the environment ${environment} with all its secrets?`,
      "whether to delete it",
    );
    const result = await deleteEnvironment(context.world, {
      environment,
      ...(options.project === undefined ? {} : { project: options.project }),
      ...(options.force === true ? { force: true } : {}),
    }, context.signal);
    await showDeleted(context.view, "environment", result);
  },
});
