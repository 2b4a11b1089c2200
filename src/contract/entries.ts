/**
 * Bodies of signed entries (docs/spec/protocol.md §4) as strict schemas: an unknown field, type or version is refused.
 *
 * The schemas say what an entry may look like; whether it may stand at its place in a log is src/ledger's to decide.
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
import { MAX_CHANGES_PER_COMMIT } from "../kernel/limits.ts";
import { type BodyOf, ByType, lazily, type Lazy, type Output } from "./lazy.ts";

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

const positive = lazily(() => z.int().check(z.minimum(1)));
const epoch = lazily(() => z.int().check(z.minimum(1), z.maximum(0xffff_ffff)));
/** Milliseconds since the Unix epoch, as the author's clock says. */
const time = lazily(() => z.int().check(z.minimum(0), z.maximum(8_640_000_000_000_000)));
/** Text for people without control characters, at most `length` characters. */
const label = (length: number) =>
  // deno-lint-ignore no-control-regex -- control characters are what is refused
  z.string().check(z.minLength(1), z.maxLength(length), z.regex(/^[^\u0000-\u001f\u007f-\u009f]+$/));
/** A names envelope (kind 5, §3) in base64url. */
const sealedNames = lazily(() => z.string().check(z.minLength(120), z.maxLength(4096), z.regex(/^[A-Za-z0-9_-]+$/)));

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

const chain = lazily(() => ({ v: z.literal(1), seq: positive(), prev: z.nullable(hashText()), ts: time() }));

// ---------------------------------------------------------------------------------------------- account log

// deno-lint-ignore explicit-function-return-type -- the schema is the type
function accountEntry<const T extends string, P extends z.ZodMiniType>(type: T, payload: () => P) {
  const schema = lazily(() =>
    z.strictObject({ ...chain(), user: userId(), type: z.literal(type), payload: payload() })
  );
  return { type, schema };
}

/** Bodies of the account log; all signed by A (§4.2). */
export const accountEntryBody = new ByType([
  {
    type: "account.genesis",
    schema: lazily(() =>
      z.strictObject({
        ...chain(),
        seq: z.literal(1),
        prev: z.null(),
        type: z.literal("account.genesis"),
        payload: z.strictObject({ sig_pk: publicKeyText(), enc_pk: publicKeyText() }),
      })
    ),
  },
  accountEntry(
    "device.add",
    () => z.strictObject({ device_id: deviceId(), sig_pk: publicKeyText(), label: label(64) }),
  ),
  accountEntry("device.revoke", () => z.strictObject({ device_id: deviceId() })),
  accountEntry("enc.rotate", () => z.strictObject({ enc_pk: publicKeyText() })),
  accountEntry("recovery.set", () => z.strictObject({ recovery_pk: publicKeyText() })),
  accountEntry("admin.rotate", () => z.strictObject({ sig_pk: publicKeyText() })),
  accountEntry("account.recovered", () => z.strictObject({ recovery_pk: publicKeyText() })),
]);
export type AccountEntryBody = BodyOf<typeof accountEntryBody>;
export type AccountEntryType = AccountEntryBody["type"];
/** The payload of an account entry of type `T`. */
export type AccountPayload<T extends AccountEntryType> = Extract<AccountEntryBody, { type: T }>["payload"];

// -------------------------------------------------------------------------------------------- workspace log

export const role = lazily(() => z.enum(["owner", "admin", "member"]));
export type Role = Output<typeof role>;

/** Who wrote a workspace entry: a person with A or D, at a place of that person's account log. */
export const userAuthor = lazily(() => z.strictObject({ user: userId(), account: logHead(), key: publicKeyText() }));
export type UserAuthor = Output<typeof userAuthor>;
/** An agent as the author of a commit. */
export const agentAuthor = lazily(() => z.strictObject({ agent: agentId(), key: publicKeyText() }));

/** Workspace policy. Times in seconds. */
export const workspacePolicy = lazily(() =>
  z.strictObject({
    /** When a joiner waits for an admin who compares fingerprints: always, for admins and protected environments, never. */
    invite_confirm: z.enum(["always", "sensitive", "never"]),
    /** How long a client may work on what it last verified. */
    offline_grace: z.strictObject({
      standard: z.int().check(z.minimum(0), z.maximum(31_536_000)),
      protected: z.int().check(z.minimum(0), z.maximum(31_536_000)),
    }),
    /** Where proxies send audit records besides their own file. */
    audit_mode: z.enum(["local", "shared"]),
  })
);
export type WorkspacePolicy = Output<typeof workspacePolicy>;

/** A key sealed to a member or agent: whose receiving key, and SHA-256 of the sealed box. */
export const grantRef = lazily(() =>
  z.strictObject({ id: recipientId(), enc_pk_hash: hashText(), grant_hash: hashText() })
);
export type GrantRef = Output<typeof grantRef>;
const recipients = lazily(() => z.array(grantRef()).check(z.minLength(1), z.maxLength(MAX_LIST)));

/** Access to one environment that comes with a membership or an agent, with the key sealed to it. */
export const environmentGrant = lazily(() =>
  z.strictObject({
    project: projectId(),
    env: environmentId(),
    write: z.boolean(),
    epoch: epoch(),
    grant_hash: hashText(),
  })
);
const environmentGrants = lazily(() => z.array(environmentGrant()).check(z.maxLength(MAX_LIST)));
/** The workspace key of an epoch, sealed to one newcomer. */
const workspaceGrant = lazily(() => z.strictObject({ epoch: epoch(), grant_hash: hashText() }));

/** Rights that an invite promises. */
export const environmentRight = lazily(() =>
  z.strictObject({ project: projectId(), env: environmentId(), write: z.boolean() })
);
export type EnvironmentRight = Output<typeof environmentRight>;
const environmentRights = lazily(() => z.array(environmentRight()).check(z.maxLength(MAX_LIST)));
/** Keys sealed to an invite, or by the joiner to itself: the workspace key and one per promised environment. */
export const sealedKeys = lazily(() =>
  z.strictObject({
    ws: workspaceGrant(),
    envs: z.array(z.strictObject({ env: environmentId(), epoch: epoch(), grant_hash: hashText() })).check(
      z.maxLength(MAX_LIST),
    ),
  })
);
export type SealedKeys = Output<typeof sealedKeys>;

/** What an agent may do inside its grants; null does not restrict. Names appear as sids, so the server learns none. */
export const agentPolicy = lazily(() =>
  z.strictObject({
    allow: z.nullable(z.array(sid()).check(z.maxLength(MAX_LIST))),
    deny: z.array(sid()).check(z.maxLength(MAX_LIST)),
    domains: z.nullable(z.array(label(512)).check(z.maxLength(MAX_LIST))),
    methods: z.nullable(z.array(z.string().check(z.regex(/^[A-Z]{1,32}$/))).check(z.maxLength(32))),
  })
);
export type AgentPolicy = Output<typeof agentPolicy>;

/** One allowlist entry in its normal form: printable ASCII without spaces (docs/spec/proxy.md gives it its meaning). */
export const allowlistRule = lazily(() =>
  z.string().check(z.minLength(1), z.maxLength(512), z.regex(/^[\x21-\x7e]+$/))
);

// deno-lint-ignore explicit-function-return-type -- the schema is the type
function workspaceEntry<const T extends string, P extends z.ZodMiniType>(type: T, payload: () => P) {
  const schema = lazily(() =>
    z.strictObject({
      ...chain(),
      ws: workspaceId(),
      type: z.literal(type),
      author: userAuthor(),
      payload: payload(),
    })
  );
  return { type, schema };
}

/** Bodies of the workspace log (§4.3). */
export const workspaceEntryBody = new ByType([
  {
    type: "ws.create",
    schema: lazily(() =>
      z.strictObject({
        ...chain(),
        seq: z.literal(1),
        prev: z.null(),
        type: z.literal("ws.create"),
        author: userAuthor(),
        payload: z.strictObject({ nonce: hashText(), policy: workspacePolicy() }),
      })
    ),
  },
  workspaceEntry("ws.update", () => z.strictObject({ names: sealedNames() })),
  workspaceEntry("ws.delete", () => z.strictObject({})),
  workspaceEntry(
    "ws.rotate",
    () =>
      z.strictObject({
        epoch: epoch(),
        key_commit: hashText(),
        prev_wrap_hash: z.nullable(hashText()),
        recipients: recipients(),
      }),
  ),
  workspaceEntry(
    "member.invite",
    () =>
      z.strictObject({
        invite_id: inviteId(),
        invite_sig_pk: publicKeyText(),
        invite_enc_pk: publicKeyText(),
        role: role(),
        grants: environmentRights(),
        sealed: z.nullable(sealedKeys()),
        expires: time(),
        confirm: z.boolean(),
      }),
  ),
  workspaceEntry("member.uninvite", () => z.strictObject({ invite_id: inviteId() })),
  workspaceEntry(
    "member.join",
    () =>
      z.strictObject({
        invite_id: inviteId(),
        user_id: userId(),
        account_head: logHead(),
        enc_pk_hash: hashText(),
        sealed: z.nullable(sealedKeys()),
      }),
  ),
  workspaceEntry(
    "member.add",
    () =>
      z.strictObject({
        user_id: userId(),
        account_head: logHead(),
        role: role(),
        enc_pk_hash: hashText(),
        ws_grant: workspaceGrant(),
        grants: environmentGrants(),
      }),
  ),
  workspaceEntry("member.role", () => z.strictObject({ user_id: userId(), role: role() })),
  workspaceEntry("member.remove", () => z.strictObject({ user_id: userId() })),
  workspaceEntry("member.leave", () => z.strictObject({})),
  workspaceEntry(
    "project.create",
    () => z.strictObject({ project: projectId(), names: sealedNames(), name_key_commit: hashText() }),
  ),
  workspaceEntry("project.update", () => z.strictObject({ project: projectId(), names: sealedNames() })),
  workspaceEntry("project.delete", () => z.strictObject({ project: projectId() })),
  workspaceEntry(
    "env.create",
    () => z.strictObject({ project: projectId(), env: environmentId(), names: sealedNames(), protected: z.boolean() }),
  ),
  workspaceEntry(
    "env.update",
    () => z.strictObject({ project: projectId(), env: environmentId(), names: sealedNames() }),
  ),
  workspaceEntry("env.delete", () => z.strictObject({ project: projectId(), env: environmentId() })),
  workspaceEntry(
    "env.rotate",
    () =>
      z.strictObject({
        project: projectId(),
        env: environmentId(),
        epoch: epoch(),
        key_commit: hashText(),
        prev_wrap_hash: z.nullable(hashText()),
        recipients: recipients(),
      }),
  ),
  workspaceEntry(
    "env.grant",
    () =>
      z.strictObject({
        project: projectId(),
        env: environmentId(),
        recipient: recipientId(),
        write: z.boolean(),
        epoch: epoch(),
        enc_pk_hash: hashText(),
        grant_hash: hashText(),
      }),
  ),
  workspaceEntry(
    "env.revoke",
    () => z.strictObject({ project: projectId(), env: environmentId(), recipient: recipientId() }),
  ),
  workspaceEntry(
    "agent.add",
    () =>
      z.strictObject({
        agent_id: agentId(),
        sig_pk: publicKeyText(),
        enc_pk: publicKeyText(),
        names: sealedNames(),
        grants: environmentGrants(),
        policy: agentPolicy(),
        expires: z.nullable(time()),
      }),
  ),
  workspaceEntry(
    "agent.policy",
    () => z.strictObject({ agent_id: agentId(), policy: agentPolicy(), expires: z.nullable(time()) }),
  ),
  workspaceEntry("agent.revoke", () => z.strictObject({ agent_id: agentId() })),
  workspaceEntry(
    "allowlist.set",
    () =>
      z.strictObject({
        version: positive(),
        scope: z.literal("workspace"),
        rules: z.array(allowlistRule()).check(z.maxLength(MAX_LIST)),
      }),
  ),
  workspaceEntry("policy.set", () => z.strictObject({ policy: workspacePolicy() })),
]);
export type WorkspaceEntryBody = BodyOf<typeof workspaceEntryBody>;
export type WorkspaceEntryType = WorkspaceEntryBody["type"];
/** The payload of a workspace entry of type `T`. */
export type WorkspacePayload<T extends WorkspaceEntryType> = Extract<WorkspaceEntryBody, { type: T }>["payload"];

// --------------------------------------------------------------------------------------- environment commits

/** One change: `set` has the envelope's SHA-256, `delete` leaves a tombstone and has none. */
export const commitChange = lazily(() =>
  z.discriminatedUnion("op", [
    z.strictObject({ sid: sid(), ver: positive(), op: z.literal("set"), h: hashText() }),
    z.strictObject({ sid: sid(), ver: positive(), op: z.literal("delete"), h: z.null() }),
  ])
);
export type CommitChange = Output<typeof commitChange>;

/** Body of `env.commit` (§4.4). */
export const environmentCommitBody = new ByType([{
  type: "env.commit",
  schema: lazily(() =>
    z.strictObject({
      ...chain(),
      type: z.literal("env.commit"),
      ws: workspaceId(),
      project: projectId(),
      env: environmentId(),
      epoch: epoch(),
      ws_head: logHead(),
      author: z.union([userAuthor(), agentAuthor()]),
      changes: z.array(commitChange()).check(z.minLength(1), z.maxLength(MAX_CHANGES_PER_COMMIT)),
      /** SHA-256 of LP(sorted (sid, ver, h)) after the changes, tombstones included. */
      root: hashText(),
      /** Secrets that are not tombstones, after the changes. */
      count: z.int().check(z.minimum(0)),
    })
  ),
}]);
export type EnvironmentCommitBody = BodyOf<typeof environmentCommitBody>;
export type CommitAuthor = EnvironmentCommitBody["author"];

/** What a snapshot says of one secret: its latest version; `h` is null for a tombstone. */
export interface SnapshotItem {
  readonly sid: Sid;
  readonly ver: number;
  readonly h: string | null;
}
