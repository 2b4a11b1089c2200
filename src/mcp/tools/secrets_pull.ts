/** `secrets_pull`: without the command's `--force`, so that nothing that was changed here can be lost. @module */

import * as z from "zod";
import { pullSecrets } from "../../usecases/secrets/pull.ts";
import { type Fixed, placeResult, placeShape } from "../schemas.ts";
import { type AnyTool, defineTool } from "../tool.ts";
import { warningOf, warningShape } from "./sync_shapes.ts";

export function secretsPullTool(fixed: Fixed): AnyTool {
  return defineTool({
    name: "secrets_pull",
    title: "Pull secrets from the server",
    description:
      "Brings what is newer on the sync server into this machine's keychain. Changes made here are kept, conflicts are " +
      "listed and left alone for a person. Returns names and versions, never values.",
    annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    input: z.strictObject(placeShape(fixed)),
    output: z.object({
      ...placeResult,
      pulled: z.array(z.object({
        name: z.string(),
        change: z.enum(["created", "updated", "deleted", "unchanged"]),
        version: z.number().nullable(),
      })),
      unchanged: z.number(),
      kept: z.array(z.string()).describe("Changed on this machine only, and kept"),
      conflicts: z.array(z.object({
        name: z.string(),
        here: z.enum(["modified", "deleted", "file"]),
        there: z.enum(["modified", "deleted", "unchanged"]),
      })).describe("Changed on both sides: left as they are, for a person to decide"),
      files: z.array(z.string()).describe(
        ".env files that were brought up to date, where the person chose to have them",
      ),
      warnings: z.array(warningShape),
    }),
    run: async ({ ports, session, signal, progress }, input) => {
      progress.say("Pulling");
      const result = await pullSecrets(ports, session.place(ports, input), signal);
      const { workspace, project, environment } = result.place;
      return {
        workspace,
        project,
        environment,
        pulled: result.pulled.map(({ name, change, version }) => ({ name, change, version: version ?? null })),
        unchanged: result.unchanged,
        kept: [...result.kept],
        conflicts: result.conflicts.map(({ name, here, there }) => ({ name, here, there })),
        files: [...result.files],
        warnings: result.warnings.map(warningOf),
      };
    },
  });
}
