/**
 * What signed entries are made of (docs/spec/protocol.md §4): ids, hashes, keys and authors as texts, places in a log, and the
 * envelope that every entry travels in.
 *
 * @module
 */

import * as z from "zod/mini";
import {
  type AgentId,
  type DeviceId,
  type EnvironmentId,
  isAgentId,
  isDeviceId,
  isEnvironmentId,
  isProjectId,
  isSid,
  isUserId,
  isWorkspaceId,
  type ProjectId,
  type Sid,
  type UserId,
  type WorkspaceId,
} from "../kernel/names.ts";
import { lazily, type Lazy, type Output } from "./lazy.ts";

/** Most entries in one list of recipients, grants or rules. */
export const MAX_LIST = 10_000;
/** Longest body of one signed entry, in bytes. */
export const MAX_ENTRY_BYTES = 1024 * 1024;

/** 32 bytes in base64url: a hash or a public key. The last character holds four bits, so that each value has one text. */
const bytes32 = lazily(() => z.string().check(z.regex(/^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/)));
/** 64 bytes in base64url: a signature. */
const bytes64 = lazily(() => z.string().check(z.regex(/^[A-Za-z0-9_-]{85}[AQgw]$/)));
/** SHA-256 in base64url. */
export const hashText = lazily(() => bytes32());
/** An Ed25519 or X25519 public key in base64url. */
export const publicKeyText = lazily(() => bytes32());
/** An Ed25519 signature in base64url. */
export const signatureText = lazily(() => bytes64());

/** `i_` + base32 of 10 random bytes. */
export type InviteId = string & { readonly __invite: unique symbol };
/** Whether `text` has the form of an invite id. */
export const isInviteId = (text: string): text is InviteId => /^i_[a-z2-7]{16}$/.test(text);

/** A schema for text that a guard of src/kernel/names.ts accepts. */
function branded<T extends string>(guard: (text: string) => text is T): z.ZodMiniType<T, T> {
  return z.string().check(z.refine(guard)) as unknown as z.ZodMiniType<T, T>;
}

export const userId: Lazy<z.ZodMiniType<UserId, UserId>> = lazily(() => branded(isUserId));
export const workspaceId: Lazy<z.ZodMiniType<WorkspaceId, WorkspaceId>> = lazily(() => branded(isWorkspaceId));
export const projectId: Lazy<z.ZodMiniType<ProjectId, ProjectId>> = lazily(() => branded(isProjectId));
export const environmentId: Lazy<z.ZodMiniType<EnvironmentId, EnvironmentId>> = lazily(() => branded(isEnvironmentId));
export const deviceId: Lazy<z.ZodMiniType<DeviceId, DeviceId>> = lazily(() => branded(isDeviceId));
export const agentId: Lazy<z.ZodMiniType<AgentId, AgentId>> = lazily(() => branded(isAgentId));
export const inviteId: Lazy<z.ZodMiniType<InviteId, InviteId>> = lazily(() => branded(isInviteId));
export const sid: Lazy<z.ZodMiniType<Sid, Sid>> = lazily(() => branded(isSid));
/** Someone to whom a key is sealed. */
export const recipientId = lazily(() => z.union([userId(), agentId()]));
export type RecipientId = Output<typeof recipientId>;

/** A count from 1. */
export const positive = lazily(() => z.int().check(z.minimum(1)));
/** Number of a key: 1…2³²−1. */
export const epoch = lazily(() => z.int().check(z.minimum(1), z.maximum(0xffff_ffff)));
/** Milliseconds since the Unix epoch, as the author's clock says. */
export const time = lazily(() => z.int().check(z.minimum(0), z.maximum(8_640_000_000_000_000)));
/** Text for people without control characters, at most `length` characters. */
export const label = (length: number): z.ZodMiniType<string, string> =>
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  z.string().check(z.minLength(1), z.maxLength(length), z.regex(/^[^\u0000-\u001f\u007f-\u009f]+$/));
/** A names envelope (kind 5, §3) in base64url. */
export const sealedNames = lazily(() =>
  z.string().check(z.minLength(120), z.maxLength(4096), z.regex(/^[A-Za-z0-9_-]+$/))
);

/** A signed entry as it travels: exact bytes of the body, one or two signatures over DSSE PAE (§4). */
export const signedEntry = lazily(() =>
  z.strictObject({
    type: z.string().check(z.minLength(1), z.maxLength(64), z.regex(/^[a-z]+(\.[a-z]+)?$/)),
    body: z.string().check(
      z.minLength(2),
      z.maxLength(Math.ceil(MAX_ENTRY_BYTES * 4 / 3)),
      z.regex(/^[A-Za-z0-9_-]+$/),
    ),
    sigs: z.array(z.strictObject({ key: publicKeyText(), sig: signatureText() })).check(z.minLength(1), z.maxLength(2)),
  })
);
export type SignedEntry = Output<typeof signedEntry>;

/** A place in a log. */
export const logHead = lazily(() => z.strictObject({ seq: positive(), hash: hashText() }));
export type LogHead = Output<typeof logHead>;

/** Every body's place in its chain: version 1, number from 1, hash of the entry before, time. */
export const chain = lazily(() => ({ v: z.literal(1), seq: positive(), prev: z.nullable(hashText()), ts: time() }));

/** Who wrote a workspace entry: a person with A or D, at a place of that person's account log. */
export const userAuthor = lazily(() => z.strictObject({ user: userId(), account: logHead(), key: publicKeyText() }));
export type UserAuthor = Output<typeof userAuthor>;
/** An agent as the author of a commit. */
export const agentAuthor = lazily(() => z.strictObject({ agent: agentId(), key: publicKeyText() }));
