/** `secrets_diff`. @module */

import * as z from "zod";
import { diffSecrets } from "../../usecases/secrets/diff.ts";
import { type Fixed, placeResult, placeShape } from "../schemas.ts";
import { type AnyTool, defineTool } from "../tool.ts";
import { warningOf, warningShape } from "./sync_shapes.ts";

export function secretsDiffTool(fixed: Fixed): AnyTool {
  return defineTool({
    name: "secrets_diff",
    title: "Compare secrets with the server",
    description:
      "Which secrets differ between this machine and the sync server, by name and version, and which side is newer. " +
      "Changes nothing. secrets_pull brings what is newer on the server; pushing is the person's to decide.",
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: z.strictObject(placeShape(fixed)),
    output: z.object({
      ...placeResult,
      differences: z.array(z.object({
        name: z.string(),
        status: z.enum(["local_only", "remote_only", "out_of_sync"]),
        newer: z.enum(["local", "remote", "both"]).describe("both: changed on both sides, a conflict for a person"),
        local_version: z.number().nullable(),
        remote_version: z.number().nullable(),
        deleted: z.enum(["here", "there"]).nullable(),
      })),
      synced: z.number(),
      complete: z.boolean().describe("false: the server could not be reached, only this machine's changes are known"),
      warnings: z.array(warningShape),
    }),
    run: async ({ ports, session, signal }, input) => {
      const result = await diffSecrets(ports, session.place(ports, input), signal);
      const { workspace, project, environment } = result.place;
      return {
        workspace,
        project,
        environment,
        differences: result.differences.map(({ name, status, newer, localVersion, remoteVersion, deleted }) => ({
          name,
          status,
          newer,
          local_version: localVersion ?? null,
          remote_version: remoteVersion ?? null,
          deleted: deleted ?? null,
        })),
        synced: result.synced,
        complete: result.complete,
        warnings: result.warnings.map(warningOf),
      };
    },
  });
}
