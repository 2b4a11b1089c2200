/**
 * The words every message of the sync API is made of: ids, bytes, counters and heads, as zod schemas (signed entries
 * and hashes are in entry_fields.ts). Objects are strict: an unknown field is a failure, not something to pass over.
 *
 * @module
 */

import * as z from "zod/mini";
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
  isSid,
  isUserId,
  isWorkspaceId,
  parseEmail,
  type Sid,
  type UserId,
  type WorkspaceId,
} from "../kernel/names.ts";
import { lazily, type Lazy } from "./lazy.ts";
import { type InviteId, isInviteId, type LogHead, logHead } from "./entry_fields.ts";

function id<T extends string>(what: string, is: (text: string) => text is T): z.ZodMiniType<T, string> {
  return z.string().check(z.maxLength(64), z.refine(is, `not ${what}`)) as unknown as z.ZodMiniType<T, string>;
}

/** `u_…` */
export const userIdSchema: Lazy<z.ZodMiniType<UserId, string>> = lazily(() => id("a user id", isUserId));
/** `w_…` */
export const workspaceIdSchema: Lazy<z.ZodMiniType<WorkspaceId, string>> = lazily(() =>
  id("a workspace id", isWorkspaceId)
);
/** `e_…` */
export const environmentIdSchema: Lazy<z.ZodMiniType<EnvironmentId, string>> = lazily(() =>
  id("an environment id", isEnvironmentId)
);
/** `d_…` */
export const deviceIdSchema: Lazy<z.ZodMiniType<DeviceId, string>> = lazily(() => id("a device id", isDeviceId));
/** `a_…` */
export const agentIdSchema: Lazy<z.ZodMiniType<AgentId, string>> = lazily(() => id("an agent id", isAgentId));
/** 32 hex characters. */
export const sidSchema: Lazy<z.ZodMiniType<Sid, string>> = lazily(() => id("a sid", isSid));
/** Someone a key can be sealed to. */
export const recipientSchema: Lazy<z.ZodMiniType<UserId | AgentId | InviteId, string>> = lazily(() =>
  id(
    "a recipient",
    (text): text is UserId | AgentId | InviteId => isUserId(text) || isAgentId(text) || isInviteId(text),
  )
);

function isEmail(text: string): text is Email {
  try {
    return parseEmail(text) === text;
  } catch {
    return false;
  }
}
/** A lower-cased e-mail address. */
export const emailSchema: Lazy<z.ZodMiniType<Email, string>> = lazily(() =>
  z.string().check(
    z.maxLength(256),
    z.refine(isEmail, "not an e-mail address"),
  ) as unknown as z.ZodMiniType<Email, string>
);

/** Bytes, as unpadded base64url on the wire; `min`…`max` bytes. */
export function bytesSchema(min: number, max: number = min): z.ZodMiniType<Bytes, string> {
  const text = z.string().check(z.maxLength(Math.ceil((max * 4) / 3)));
  const bytes = z.custom<Bytes>((b) => b instanceof Uint8Array && b.length >= min && b.length <= max, "wrong size");
  return z.codec(text, bytes, {
    decode: (t, context) => {
      const decoded = fromBase64Url(t);
      if (decoded !== undefined) return decoded;
      context.issues.push({ code: "custom", input: t, message: "not base64url" });
      return z.NEVER;
    },
    encode: (b) => toBase64Url(b),
  });
}

/** Ed25519 or X25519 public key. */
export const publicKeySchema: Lazy<z.ZodMiniType<Bytes, string>> = lazily(() => bytesSchema(32));
/** Milliseconds since the Unix epoch. */
export const timeSchema: Lazy<z.ZodMiniType<number, number>> = lazily(() => z.int().check(z.nonnegative()));
/** Position in a chain; 0 is "nothing yet". */
export const seqSchema: Lazy<z.ZodMiniType<number, number>> = lazily(() => z.int().check(z.nonnegative()));

/** Where a chain stands; null before its first entry. */
export const headSchema = lazily(() => z.nullable(logHead()));
/** Where a chain stands. */
export type Head = LogHead | null;

/** `{}` */
export const emptySchema: Lazy<z.ZodMiniType<Record<string, never>, Record<string, never>>> = lazily(() =>
  z.strictObject({})
);
