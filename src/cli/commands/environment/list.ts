/** `environment list`. @module */

import { listEnvironments } from "../../../usecases/list_environments.ts";
import { defineCommand } from "../../command.ts";
import { withProject } from "../../options.ts";
import { environmentJson } from "../../view/project.ts";
import { printable } from "../../view/style.ts";

export const command = defineCommand({
  examples: [{ line: "agentsecrets environment list", why: "the arrow marks the active one" }],
  define: (command) => withProject(command),
  run: async (context, options) => {
    const input = options.project === undefined ? {} : { project: options.project };
    const environments = await listEnvironments(context.world, input, context.signal);
    await context.view.data(
      { environments: environments.map(environmentJson) },
      (style) =>
        environments.map((environment) =>
          environment.active
            ? `${style.green("→")} ${style.bold(printable(environment.name))}\n`
            : `  ${printable(environment.name)}\n`
        ).join(""),
    );
  },
});
