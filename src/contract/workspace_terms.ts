/**
 * What a workspace's entries grant and rule: roles, policies, rights, and keys sealed to members and agents (docs/spec/protocol.md §4.3).
 *
 * @module
 */

import * as z from "zod/mini";
import { environmentId, epoch, hashText, label, MAX_LIST, projectId, recipientId, sid } from "./entry_fields.ts";
import { lazily, type Output } from "./lazy.ts";

export const role = lazily(() => z.enum(["owner", "admin", "member"]));
export type Role = Output<typeof role>;

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
export const recipients = lazily(() => z.array(grantRef()).check(z.minLength(1), z.maxLength(MAX_LIST)));

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
export const environmentGrants = lazily(() => z.array(environmentGrant()).check(z.maxLength(MAX_LIST)));
/** The workspace key of an epoch, sealed to one newcomer. */
export const workspaceGrant = lazily(() => z.strictObject({ epoch: epoch(), grant_hash: hashText() }));

/** Rights that an invite promises. */
export const environmentRight = lazily(() =>
  z.strictObject({ project: projectId(), env: environmentId(), write: z.boolean() })
);
export type EnvironmentRight = Output<typeof environmentRight>;
export const environmentRights = lazily(() => z.array(environmentRight()).check(z.maxLength(MAX_LIST)));
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
