/**
 * What `env` and `exec` have in common: values leave for a program by nature, so the names are on record before the first does.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { AuditFacts, ResolutionPath } from "../proxy/audit_record.ts";
import type { OpenCallContext } from "./call_context.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** One handing out, in names. */
export interface HandOut {
  /** `ENV` or `EXEC`. */
  readonly method: string;
  readonly path: ResolutionPath;
  /** Name of the program that gets them, without arguments: those can hold anything. */
  readonly program: string;
  readonly names: readonly SecretName[];
}

/** The record of a handing out. */
export function handOutFacts(ports: Pick<WorldWithEngine, "clock">, open: OpenCallContext, what: HandOut): AuditFacts {
  const { scope, environment, callerRole, allowlist } = open.context;
  return {
    timestamp: ports.clock.now(),
    workspaceId: scope.workspaceId,
    projectId: scope.projectId,
    environment,
    agentId: "",
    tokenId: "",
    identityLevel: "user",
    callerRole,
    sessionId: "",
    secretKeys: what.names,
    authStyles: [what.path],
    method: what.method,
    targetUrl: what.program,
    domain: "-",
    statusCode: 0,
    status: "OK",
    reason: "-",
    redacted: false,
    resolutionPath: what.path,
    durationMs: 0,
    proxyDurationMs: 0,
    allowlistVersion: allowlist.version,
  };
}
