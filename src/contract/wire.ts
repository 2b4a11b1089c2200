/**
 * The words every message of the sync API is made of: ids, bytes, counters and heads, as zod schemas (signed entries
 * and hashes are in entries.ts). Objects are strict: an unknown field is a failure, not something to pass over.
 *
 * @module
 */

import * as z from "zod";
import type { Bytes } from "../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import {
  type AgentId,
  type DeviceId,
  type Email,
  type EnvironmentId,
  isAgentId,
  isDeviceId,
  isEnvironmentId,
  isProjectId,
  isSid,
  isUserId,
  isWorkspaceId,
  parseEmail,
  type ProjectId,
  type Sid,
  type UserId,
  type WorkspaceId,
} from "../kernel/names.ts";
import { type InviteId, isInviteId, type LogHead, logHead } from "./entries.ts";

function id<T extends string>(what: string, is: (text: string) => text is T): z.ZodType<T, string> {
  return z.string().max(64).refine(is, `not ${what}`) as unknown as z.ZodType<T, string>;
}

/** `u_…` */
export const userIdSchema: z.ZodType<UserId, string> = id("a user id", isUserId);
/** `w_…` */
export const workspaceIdSchema: z.ZodType<WorkspaceId, string> = id("a workspace id", isWorkspaceId);
/** `p_…` */
export const projectIdSchema: z.ZodType<ProjectId, string> = id("a project id", isProjectId);
/** `e_…` */
export const environmentIdSchema: z.ZodType<EnvironmentId, string> = id("an environment id", isEnvironmentId);
/** `d_…` */
export const deviceIdSchema: z.ZodType<DeviceId, string> = id("a device id", isDeviceId);
/** `a_…` */
export const agentIdSchema: z.ZodType<AgentId, string> = id("an agent id", isAgentId);
/** 32 hex characters. */
export const sidSchema: z.ZodType<Sid, string> = id("a sid", isSid);
/** Someone a key can be sealed to. */
export const recipientSchema: z.ZodType<UserId | AgentId | InviteId, string> = id(
  "a recipient",
  (text): text is UserId | AgentId | InviteId => isUserId(text) || isAgentId(text) || isInviteId(text),
);

function isEmail(text: string): text is Email {
  try {
    return parseEmail(text) === text;
  } catch {
    return false;
  }
}
/** A lower-cased e-mail address. */
export const emailSchema: z.ZodType<Email, string> = z.string().max(256)
  .refine(isEmail, "not an e-mail address") as unknown as z.ZodType<Email, string>;

/** Bytes, as unpadded base64url on the wire; `min`…`max` bytes. */
export function bytesSchema(min: number, max: number = min): z.ZodType<Bytes, string> {
  const text = z.string().max(Math.ceil((max * 4) / 3)).refine((t) => fromBase64Url(t) !== undefined, "not base64url");
  return z.codec(text, z.instanceof(Uint8Array).refine((b) => b.length >= min && b.length <= max, "wrong size"), {
    decode: (t) => fromBase64Url(t)!,
    encode: (b) => toBase64Url(b),
  }) as unknown as z.ZodType<Bytes, string>;
}

/** Ed25519 or X25519 public key. */
export const publicKeySchema: z.ZodType<Bytes, string> = bytesSchema(32);
/** Milliseconds since the Unix epoch. */
export const timeSchema: z.ZodNumber = z.int().nonnegative();
/** Position in a chain; 0 is "nothing yet". */
export const seqSchema: z.ZodNumber = z.int().nonnegative();

/** Where a chain stands; null before its first entry. */
export const headSchema: z.ZodNullable<typeof logHead> = logHead.nullable();
/** Where a chain stands. */
export type Head = LogHead | null;

/** `{}` */
export const emptySchema: z.ZodType<Record<string, never>, Record<string, never>> = z.strictObject({});
