/**
 * How a record of the audit log is shown: a line for people, or the members of docs/spec/proxy.md §3.
 *
 * @module
 */

import type { AuditRecord } from "../../usecases/read_audit_log.ts";
import { printable, type Style } from "./style.ts";
import { iso } from "./time.ts";
import type { Json } from "./view.ts";

/** The record as JSON, in the members that existing clients read. */
export function auditJson(record: AuditRecord): { readonly [name: string]: Json | undefined } {
  return {
    v: record.v,
    id: record.id,
    // An offset instead of Z: older clients' parsers know no Z.
    timestamp: iso(record.timestamp).replace("Z", "+00:00"),
    workspace_id: record.workspaceId,
    project_id: record.projectId,
    environment: record.environment,
    agent_id: record.agentId,
    token_id: record.tokenId,
    identity_level: record.identityLevel,
    caller_role: record.callerRole,
    session_id: record.sessionId,
    secret_keys: record.secretKeys,
    auth_styles: record.authStyles,
    method: record.method,
    target_url: record.targetUrl,
    domain: record.domain,
    status_code: record.statusCode,
    status: record.status,
    reason: record.reason,
    redacted: record.redacted,
    resolution_path: record.resolutionPath,
    duration_ms: record.durationMs,
    proxy_duration_ms: record.proxyDurationMs,
    allowlist_version: record.allowlistVersion,
    error: record.error,
    seq: record.seq,
    prev: record.prev,
    sig: record.sig,
  };
}

/** Columns of `OK (REDACTED)` and of `OPTIONS`: the widest that a record has there, so that what follows is aligned. */
const STATUS_WIDTH = 13, METHOD_WIDTH = 7;

/** `2026-01-31 14:23:01Z  ✓ OK (REDACTED)  GET      httpbin.org/headers  STRIPE_KEY  bearer  200  credential_echo  245ms` */
export function auditLine(record: AuditRecord, style: Style): string {
  // Each text: whoever can write to the file can put anything into any of them, and only --verify tells.
  const mark = record.status === "OK" ? style.green("✓") : style.red("✗");
  const cells = [
    style.dim(`${iso(record.timestamp).slice(0, 19).replace("T", " ")}Z`),
    `${mark} ${`${printable(record.status)}${record.redacted ? " (REDACTED)" : ""}`.padEnd(STATUS_WIDTH)}`,
    printable(record.method).padEnd(METHOD_WIDTH),
    printable(record.targetUrl.replace(/^https:\/\//, "")),
    printable(record.secretKeys.join(",")),
    printable(record.authStyles.join(",")),
    record.statusCode === 0 ? "" : String(record.statusCode),
    record.reason === "-" ? "" : style.yellow(printable(record.reason)),
    record.agentId === "" ? "" : `agent ${printable(record.agentId)}`,
    style.dim(`${record.durationMs}ms`),
  ];
  return `${cells.filter((cell) => cell !== "").join("  ")}\n`;
}
