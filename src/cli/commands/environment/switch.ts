/** `environment switch`. @module */

import { switchEnvironment } from "../../../usecases/switch_environment.ts";
import { defineCommand } from "../../command.ts";
import { withProject } from "../../options.ts";
import { environmentJson } from "../../view/project.ts";
import { tick } from "../../view/view.ts";

export const command = defineCommand({
  detail: "For you on this machine; the project's file keeps its default.",
  examples: [{
    line: "agentsecrets environment switch staging",
    why: "commands without --env mean staging from now on",
  }],
  define: (command) => withProject(command.argument("<environment>", "name of the environment")),
  run: async (context, options, environment) => {
    const switched = await switchEnvironment(context.world, {
      environment,
      ...(options.project === undefined ? {} : { project: options.project }),
    }, context.signal);
    await context.view.done(
      environmentJson(switched),
      (style) => tick(style, `${switched.project} now uses ${switched.name}`),
    );
  },
});
