/**
 * Every tool of the server. There is none that shows a value (`get`, `env`, `exec`), none that stores or deletes one, and none
 * that changes who may do what: allowlist, members, keys, devices (docs/THREAT_MODEL.md, P29).
 *
 * @module
 */

import type { Fixed } from "../schemas.ts";
import type { AnyTool } from "../tool.ts";
import { apiCallTool } from "./api_call.ts";
import { auditLogTool } from "./audit_log.ts";
import { environmentsTool } from "./environments.ts";
import { listSecretsTool } from "./list_secrets.ts";
import { secretsDiffTool } from "./secrets_diff.ts";
import { secretsPullTool } from "./secrets_pull.ts";
import { statusTool } from "./status.ts";

/** In the order in which clients list them. */
export function allTools(fixed: Fixed): readonly AnyTool[] {
  return [
    listSecretsTool(fixed),
    apiCallTool(fixed),
    statusTool(),
    secretsDiffTool(fixed),
    secretsPullTool(fixed),
    auditLogTool(),
    environmentsTool(fixed),
  ];
}
