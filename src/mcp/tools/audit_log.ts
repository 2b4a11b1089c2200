/** `audit_log`. @module */

import * as z from "zod";
import { auditJson, type AuditQuery, readAuditLog } from "../../usecases/read_audit_log.ts";
import { type AnyTool, defineTool } from "../tool.ts";

const DEFAULT_LAST = 20;
const MAX_LAST = 200;
/** The chain's bookkeeping: for `proxy logs --verify`, not for a reader. */
const LEFT_OUT: ReadonlySet<string> = new Set(["prev", "covers", "key", "sig", "v"]);

export function auditLogTool(): AnyTool {
  return defineTool({
    name: "audit_log",
    title: "Read the audit log",
    description:
      "The newest uses of secrets on this machine, oldest first: time, key names, method, address without query, status " +
      "and reason. There is no value in the log. A person checks that it is whole with 'agentsecrets proxy logs --verify'.",
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: z.strictObject({
      last: z.number().int().min(1).max(MAX_LAST).default(DEFAULT_LAST).describe(
        "At most that many records, the newest",
      ),
      secret: z.string().max(128).optional().describe("Only records that name this secret"),
      agent: z.string().max(128).optional().describe("Only records of this agent id"),
    }),
    output: z.object({
      records: z.array(z.looseObject({
        id: z.string(),
        timestamp: z.string(),
        environment: z.string(),
        agent_id: z.string(),
        secret_keys: z.array(z.string()),
        method: z.string(),
        target_url: z.string(),
        status: z.string().describe("OK, BLOCKED or ERROR"),
        status_code: z.number(),
        reason: z.string(),
        redacted: z.boolean(),
      })),
    }),
    run: async ({ ports, signal }, input) => {
      const query: AuditQuery = {
        last: input.last,
        ...(input.secret === undefined ? {} : { secret: input.secret }),
        ...(input.agent === undefined ? {} : { agent: input.agent }),
      };
      const records = await readAuditLog(ports, query, signal);
      return { records: records.map((record) => shownRecord(auditJson(record))) };
    },
  });
}

interface ShownRecord {
  readonly [name: string]: unknown;
  id: string;
  timestamp: string;
  environment: string;
  agent_id: string;
  secret_keys: string[];
  method: string;
  target_url: string;
  status: string;
  status_code: number;
  reason: string;
  redacted: boolean;
}

function shownRecord(record: Readonly<Record<string, unknown>>): ShownRecord {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !LEFT_OUT.has(name))) as ShownRecord;
}
