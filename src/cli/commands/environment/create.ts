/** `environment create`. @module */

import { createEnvironment } from "../../../usecases/create_environment.ts";
import { defineCommand } from "../../command.ts";
import { withProject } from "../../options.ts";
import { environmentJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "With an encryption key of its own.",
  examples: [{
    line: "agentsecrets environment create preview",
    why: "one more beside development, staging and production",
  }],
  define: (command) => withProject(command.argument("<name>", "lower-case letters, digits and '-'")),
  run: async (context, options, name) => {
    const created = await createEnvironment(context.world, {
      name,
      ...(options.project === undefined ? {} : { project: options.project }),
    }, context.signal);
    await context.view.done(
      environmentJson(created),
      (style) => tick(style, `Created the environment ${created.name} of ${created.project}`),
    );
  },
});
