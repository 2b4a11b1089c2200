/** `status`. @module */

import * as z from "zod";
import { readStatus, type StatusResult } from "../../usecases/status.ts";
import { type AnyTool, defineTool } from "../tool.ts";

const time = z.string().nullable().describe("ISO 8601; null: never");

const output = z.object({
  initialised: z.boolean(),
  logged_in: z.boolean(),
  user: z.string().nullable(),
  agent_id: z.string().nullable().describe("How the audit log names this client"),
  workspace: z.object({
    name: z.string().nullable(),
    role: z.string().nullable(),
    allowlist_entries: z.number().nullable(),
  }).nullable(),
  project: z.string().nullable(),
  environment: z.string().nullable(),
  fixed: z.object({ project: z.string().nullable(), environment: z.string().nullable() })
    .describe("What the person fixed for this session; null: tools take it as an argument"),
  server: z.object({ embedded: z.boolean(), reachable: z.boolean() }).nullable(),
  keychain: z.object({ backend: z.string(), state: z.string(), reason: z.string().nullable() }).nullable(),
  drift: z.object({
    synced: z.number(),
    local_only: z.number(),
    remote_only: z.number(),
    out_of_sync: z.number(),
  }).nullable(),
  last_pull: time,
  last_push: time,
  warnings: z.array(z.object({ code: z.string(), message: z.string(), hint: z.string().nullable() })),
});

export function statusTool(): AnyTool {
  return defineTool({
    name: "status",
    title: "Show status",
    description:
      "Where you are: account, workspace, project, environment, keychain, whether secrets are in sync with the server, " +
      "and what needs attention. Call it first, and again when something is refused.",
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: z.strictObject({}),
    output,
    run: async ({ ports, session, client, signal }) => {
      const status = await readStatus(ports, signal, session.select({}));
      const { agentId } = session.caller(client);
      return {
        ...shown(status),
        agent_id: agentId === "" ? null : agentId,
        fixed: { project: session.fixed.project ?? null, environment: session.fixed.environment ?? null },
      };
    },
  });
}

function shown(status: StatusResult): Omit<z.output<typeof output>, "agent_id" | "fixed"> {
  const { workspace, server, keychain, drift } = status;
  return {
    initialised: status.initialised,
    logged_in: status.loggedIn,
    user: status.user?.email ?? null,
    workspace: workspace === undefined ? null : {
      name: workspace.name ?? null,
      role: workspace.role ?? null,
      allowlist_entries: workspace.allowlistEntries ?? null,
    },
    project: status.project?.name ?? null,
    environment: status.environment?.name ?? null,
    server: server === undefined ? null : { embedded: server.embedded, reachable: server.reachable },
    keychain: keychain === undefined
      ? null
      : { backend: keychain.backend, state: keychain.state, reason: keychain.reason ?? null },
    drift: drift === undefined ? null : {
      synced: drift.synced,
      local_only: drift.localOnly,
      remote_only: drift.remoteOnly,
      out_of_sync: drift.outOfSync,
    },
    last_pull: iso(status.lastPull),
    last_push: iso(status.lastPush),
    warnings: status.warnings.map(({ code, message, hint }) => ({ code, message, hint: hint ?? null })),
  };
}

function iso(ms: number | undefined): string | null {
  return ms === undefined ? null : new Date(ms).toISOString();
}
