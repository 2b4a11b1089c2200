/**
 * What the audit log says of one use of secrets (docs/spec/proxy.md §3). There is no field for a value, an argument, a query
 * or a body; text that comes from outside is bounded and printable.
 *
 * @module
 */

import type { EnvironmentName, SecretName, WorkspaceId } from "../kernel/names.ts";

/** Through which door a secret was asked for. */
export type ResolutionPath = "proxy" | "call" | "mcp" | "env" | "exec" | "sdk";
/** How sure we are who called: nobody said, said so, proved by a token, or the logged-in person. */
export type IdentityLevel = "anonymous" | "declared" | "issued" | "user";
/** How a call ended. */
export type AuditStatus = "OK" | "BLOCKED" | "ERROR";

/** Everything of a record but its place in the chain. Times in ms since the epoch, durations in ms. */
export interface AuditFacts {
  readonly timestamp: number;
  readonly workspaceId: WorkspaceId;
  readonly projectId: string;
  readonly environment: EnvironmentName;
  readonly agentId: string;
  readonly tokenId: string;
  readonly identityLevel: IdentityLevel;
  readonly callerRole: string;
  readonly sessionId: string;
  readonly secretKeys: readonly SecretName[];
  readonly authStyles: readonly string[];
  readonly method: string;
  /** Origin and path; query, fragment and user info are dropped. For `env`: the program's name. */
  readonly targetUrl: string;
  readonly domain: string;
  /** 0 when there was no answer. */
  readonly statusCode: number;
  readonly status: AuditStatus;
  /** `-`, an error code, `credential_echo`, or `opened` for a WebSocket that is not over yet. */
  readonly reason: string;
  readonly redacted: boolean;
  readonly resolutionPath: ResolutionPath;
  readonly durationMs: number;
  /** The part of the duration that was ours, not the upstream's. */
  readonly proxyDurationMs: number;
  readonly allowlistVersion: number;
  /** Code from the error catalog. */
  readonly error?: string;
}

/** A record as read back from the log. */
export interface AuditRecord extends AuditFacts {
  readonly v: 1;
  /** `log_` and a ULID. */
  readonly id: string;
  /** 1, 2, 3 … in one log. */
  readonly seq: number;
  /** SHA-256 of the line before, in hex; 64 zeros in the first. */
  readonly prev: string;
  /** How many lines right before it this one's signature vouches for, 1 … 255; absent for none. */
  readonly covers?: number;
  /** The device's Ed25519 public key, base64url: a log may outlive a device's registration. Empty without `sig`. */
  readonly key: string;
  /** base64url Ed25519 signature of the line without its `sig`, by `key`. Empty where a later line vouches for this one. */
  readonly sig: string;
}
