/** `list_secrets`. @module */

import * as z from "zod";
import { listSecrets } from "../../usecases/secrets/list.ts";
import { type Fixed, placeResult, placeShape } from "../schemas.ts";
import { type AnyTool, defineTool } from "../tool.ts";

/** Names that calls can use. */
export function listSecretsTool(fixed: Fixed): AnyTool {
  return defineTool({
    name: "list_secrets",
    title: "List secret names",
    description:
      "Names of the secrets that api_call can use, with where each may be sent. Names only: no tool shows a value. " +
      "If the name you need is missing, try secrets_pull, else ask the person to run 'agentsecrets secrets set NAME'.",
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: z.strictObject(placeShape(fixed)),
    output: z.object({
      ...placeResult,
      secrets: z.array(z.object({
        name: z.string(),
        state: z.enum(["synced", "modified"]).describe("modified: changed on this machine and not pushed"),
        version: z.number().nullable().describe("null: only this machine knows it"),
        domains: z.array(z.string()).nullable().describe("Hosts it is bound to; null: every allowed host"),
        methods: z.array(z.string()).nullable().describe("HTTP methods it is bound to; null: all"),
      })),
    }),
    run: async ({ ports, session, signal }, input) => {
      const { place, secrets } = await listSecrets(ports, session.place(ports, input), signal);
      return {
        workspace: place.workspace,
        project: place.project,
        environment: place.environment,
        secrets: secrets.map(({ name, state, version, binding }) => ({
          name,
          state,
          version: version ?? null,
          domains: binding.domains === undefined ? null : [...binding.domains],
          methods: binding.methods === undefined ? null : [...binding.methods],
        })),
      };
    },
  });
}
