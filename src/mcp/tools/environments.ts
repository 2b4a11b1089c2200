/**
 * `environments`: lists, and does not switch. Switching changes what the person's own commands mean from then on, in every
 * terminal; a tool that wants another environment names it in the call.
 *
 * @module
 */

import * as z from "zod";
import { listEnvironments } from "../../usecases/list_environments.ts";
import { type Fixed, projectShape } from "../schemas.ts";
import { type AnyTool, defineTool } from "../tool.ts";

export function environmentsTool(fixed: Fixed): AnyTool {
  return defineTool({
    name: "environments",
    title: "List environments",
    description:
      "The project's environments and which one is active for this person. Other tools take an environment as an " +
      "argument; switching the person's own is theirs to do: 'agentsecrets environment switch NAME'.",
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: z.strictObject(projectShape(fixed)),
    output: z.object({
      environments: z.array(z.object({
        name: z.string(),
        project: z.string(),
        active: z.boolean(),
        protected: z.boolean().describe("Stricter defaults hold, as for production"),
      })),
    }),
    run: async ({ ports, session, signal }, input) => {
      const { project, environment } = session.select(input);
      const environments = await listEnvironments(ports, project === undefined ? {} : { project }, signal);
      const reachable = environments.filter(({ name }) =>
        session.fixed.environment === undefined || name === environment
      );
      return {
        environments: reachable.map(({ name, project, active, protected: isProtected }) => {
          return { name, project, active, protected: isProtected };
        }),
      };
    },
  });
}
