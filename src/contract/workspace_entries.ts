/**
 * Bodies of the workspace log's entries (docs/spec/protocol.md §4.3) as strict schemas: an unknown field, type or version is refused.
 *
 * The schemas say what an entry may look like; whether it may stand at its place in a log is src/ledger's to decide.
 *
 * @module
 */

import * as z from "zod/mini";
import {
  agentId,
  chain,
  environmentId,
  epoch,
  hashText,
  inviteId,
  logHead,
  MAX_LIST,
  positive,
  projectId,
  publicKeyText,
  recipientId,
  sealedNames,
  time,
  userAuthor,
  userId,
  workspaceId,
} from "./entry_fields.ts";
import { type BodyOf, ByType, lazily } from "./lazy.ts";
import {
  agentPolicy,
  allowlistRule,
  environmentGrants,
  environmentRights,
  recipients,
  role,
  sealedKeys,
  workspaceGrant,
  workspacePolicy,
} from "./workspace_terms.ts";

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
