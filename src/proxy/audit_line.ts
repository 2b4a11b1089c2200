/**
 * The audit log's lines: one JSON object each, in one spelling, chained by hash and signed (docs/spec/proxy.md §3).
 *
 * `prev` is the SHA-256 of the line before, so an edited, dropped or inserted line breaks the chain at its successor; `sig` is the
 * device key's over the line without `sig`, so the chain cannot be made anew without that key.
 *
 * @module
 */

import { utf8 } from "../kernel/bytes.ts";
import { toBase64Url, toHex } from "../kernel/encoding.ts";
import type { AuditFacts, AuditRecord } from "./audit_record.ts";

/** Signs lines. */
export interface AuditSigner {
  /** The device's Ed25519 public key in base64url. */
  readonly key: string;
  sign(message: Uint8Array): Uint8Array;
}

/** `prev` of the first line. */
export const NO_LINE = "0".repeat(64);
/** Separates these signatures from every other use of the device key. */
const CONTEXT = "agentsecrets/v1/audit\0";
const MAX_TEXT = 2048;

/** A line's fields in their order: name in the log, name in the program, type. */
const FIELDS:
  readonly (readonly [json: string, key: keyof AuditRecord, type: "string" | "number" | "boolean" | "list"])[] = [
    ["v", "v", "number"],
    ["id", "id", "string"],
    ["timestamp", "timestamp", "string"],
    ["workspace_id", "workspaceId", "string"],
    ["project_id", "projectId", "string"],
    ["environment", "environment", "string"],
    ["agent_id", "agentId", "string"],
    ["token_id", "tokenId", "string"],
    ["identity_level", "identityLevel", "string"],
    ["caller_role", "callerRole", "string"],
    ["session_id", "sessionId", "string"],
    ["secret_keys", "secretKeys", "list"],
    ["auth_styles", "authStyles", "list"],
    ["method", "method", "string"],
    ["target_url", "targetUrl", "string"],
    ["domain", "domain", "string"],
    ["status_code", "statusCode", "number"],
    ["status", "status", "string"],
    ["reason", "reason", "string"],
    ["redacted", "redacted", "boolean"],
    ["resolution_path", "resolutionPath", "string"],
    ["duration_ms", "durationMs", "number"],
    ["proxy_duration_ms", "proxyDurationMs", "number"],
    ["allowlist_version", "allowlistVersion", "number"],
    ["error", "error", "string"],
    ["seq", "seq", "number"],
    ["prev", "prev", "string"],
    ["key", "key", "string"],
    ["sig", "sig", "string"],
  ];

/** The line that follows `last`, signed. */
export async function nextLine(
  facts: AuditFacts,
  id: string,
  last: string | undefined,
  signer: AuditSigner,
): Promise<string> {
  const before = last === undefined ? undefined : parseLine(last);
  const unsigned = {
    ...facts,
    v: 1,
    id,
    // A log whose last line cannot be read goes on from its hash: the verifier names the damaged line.
    seq: last === undefined ? 1 : (before?.seq ?? 0) + 1,
    prev: last === undefined ? NO_LINE : await hashLine(last),
    key: signer.key,
  } as const;
  const sig = toBase64Url(signer.sign(signedBytes(unsigned)));
  return write({ ...unsigned, sig });
}

/** The record that a line holds, or undefined where it is not exactly what {@linkcode nextLine} writes. */
export function parseLine(line: string): AuditRecord | undefined {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof json !== "object" || json === null || Array.isArray(json)) return undefined;
  const fields = json as Readonly<Record<string, unknown>>;
  const record: Record<string, unknown> = {};
  for (const [name, key, type] of FIELDS) {
    const value = fields[name];
    if (value === undefined && name === "error") continue;
    if (!isOfType(value, type)) return undefined;
    record[key] = name === "timestamp" ? Date.parse(value as string) : value;
  }
  if (record.v !== 1 || Number.isNaN(record.timestamp)) return undefined;
  // Writing it again must give the same bytes: no unknown field, no doubled one, no second spelling.
  return write(record as unknown as AuditRecord) === line ? (record as unknown as AuditRecord) : undefined;
}

/** SHA-256 of a line's bytes, in hex. */
export async function hashLine(line: string): Promise<string> {
  return toHex(new Uint8Array(await crypto.subtle.digest("SHA-256", utf8(line))));
}

/** What {@linkcode AuditRecord.sig} signs. */
export function signedBytes(record: Omit<AuditRecord, "sig">): Uint8Array {
  return utf8(CONTEXT + write(record));
}

/** The record as a JSON object with the log's own names, for programs. */
export function auditJson(record: AuditRecord): Readonly<Record<string, unknown>> {
  return JSON.parse(write(record));
}

function write(record: Omit<AuditRecord, "sig"> & { readonly sig?: string }): string {
  const out: Record<string, unknown> = {};
  for (const [name, key] of FIELDS) {
    const value = (record as unknown as Readonly<Record<string, unknown>>)[key];
    if (value === undefined) continue;
    if (name === "timestamp") out[name] = new Date(value as number).toISOString();
    else out[name] = typeof value === "string" && value.length > MAX_TEXT ? value.slice(0, MAX_TEXT) : value;
  }
  return JSON.stringify(out);
}

function isOfType(value: unknown, type: "string" | "number" | "boolean" | "list"): boolean {
  if (type === "number") return Number.isSafeInteger(value);
  if (type === "list") return Array.isArray(value) && value.every((item) => typeof item === "string");
  return type === "string" ? typeof value === "string" : typeof value === "boolean";
}
