/**
 * Rules about keys and their recipients (docs/spec/protocol.md §4.3): exactly those whom the log authorises get a key.
 *
 * @module
 */

import type { RecipientId } from "../../contract/entry_fields.ts";
import type { WorkspacePayload } from "../../contract/workspace_entries.ts";
import type { GrantRef } from "../../contract/workspace_terms.ts";
import { isUsableEd25519Key } from "../../crypto/verify/ed25519.ts";
import { sha256Text } from "../../crypto/verify/sha256.ts";
import { isUsableX25519Key } from "../../crypto/verify/x25519_key.ts";
import { fromBase64Url } from "../../kernel/encoding.ts";
import type { AgentId, EnvironmentId, ProjectId, UserId } from "../../kernel/names.ts";
import { hadReceivingKeySince } from "../account_state.ts";
import { changed, latest } from "../timeline.ts";
import type { RuleContext } from "../workspace_draft.ts";
import {
  type Access,
  authorisedRecipients,
  currentMembers,
  type EnvironmentRecord,
  type KeyEpoch,
} from "../workspace_state.ts";

/** The environment, if it is there, not deleted, and in that project. */
export function liveEnvironment(context: RuleContext, project: ProjectId, env: EnvironmentId): EnvironmentRecord {
  const record = context.draft.environments.get(env);
  if (record === undefined || record.projectId !== project || record.deleted !== undefined) {
    context.refuse("there is no such environment");
  }
  return record;
}

/** Refuses a grant that is not sealed to a key that `id` has or had since the log last heard of it. */
export function requireReceivingKey(context: RuleContext, id: RecipientId, hash: string): void {
  const matches = (key: string): boolean => sha256Text(fromBase64Url(key)!) === hash;
  if (id.startsWith("a_")) {
    const agent = context.draft.agents.get(id as AgentId);
    if (agent === undefined || !matches(agent.receivingKey)) context.refuse("a key is sealed to a wrong receiving key");
    return;
  }
  const account = context.accounts.get(id as UserId);
  if (account === undefined) context.refuse(`the account log of ${id} is missing`);
  const floor = latest(context.draft.members.get(id as UserId)?.account)?.seq ?? 1;
  if (!hadReceivingKeySince(account, floor, matches)) context.refuse("a key is sealed to a wrong receiving key");
}

/** Refuses key pairs of agents and invites that no signature or sealed box could rest on. */
export function requireUsableKeys(context: RuleContext, sigPk: string, encPk: string): void {
  // The schema has checked that both are 32 bytes in base64url.
  if (!isUsableEd25519Key(fromBase64Url(sigPk)!)) context.refuse("its signing key is not usable");
  if (!isUsableX25519Key(fromBase64Url(encPk)!)) context.refuse("its receiving key is not usable");
}

interface Rotation {
  readonly epoch: number;
  readonly key_commit: string;
  readonly prev_wrap_hash: string | null;
  readonly recipients: readonly GrantRef[];
}

function nextEpoch(
  context: RuleContext,
  before: KeyEpoch | undefined,
  rotation: Rotation,
  authorised: readonly RecipientId[],
): KeyEpoch {
  const { epoch, key_commit, prev_wrap_hash, recipients } = rotation;
  if (epoch !== (before?.epoch ?? 0) + 1) context.refuse("it is not the next epoch");
  if ((prev_wrap_hash === null) !== (epoch === 1)) context.refuse("it does not carry the previous key");
  // Exactly: one too few locks a member out unseen, one too many is a ghost who reads along.
  const named = recipients.map(({ id }) => id);
  if (named.length !== authorised.length || named.some((id, i) => id !== authorised[i])) {
    context.refuse("its recipients are not exactly those whom the log authorises");
  }
  for (const { id, enc_pk_hash } of recipients) requireReceivingKey(context, id, enc_pk_hash);
  return {
    epoch,
    keyCommit: key_commit,
    prevWrapHash: prev_wrap_hash,
    recipients: new Map(recipients.map(({ id, grant_hash }) => [id, grant_hash])),
    stamp: context.stamp,
  };
}

/** `env.rotate` */
export function rotateEnvironment(context: RuleContext, payload: WorkspacePayload<"env.rotate">): void {
  const { draft, stamp } = context;
  const environment = liveEnvironment(context, payload.project, payload.env);
  const epoch = nextEpoch(context, latest(environment.epochs), payload, authorisedRecipients(draft, environment));
  draft.environments.set(environment.id, {
    ...environment,
    epochs: changed(environment.epochs, stamp.seq, epoch),
  });
}

/** `ws.rotate` */
export function rotateWorkspace(context: RuleContext, payload: WorkspacePayload<"ws.rotate">): void {
  const { draft, stamp } = context;
  const members = currentMembers(draft).map(({ userId }) => userId).sort();
  draft.epochs = changed(draft.epochs, stamp.seq, nextEpoch(context, latest(draft.epochs), payload, members));
}

function withRecipient(epoch: KeyEpoch, id: RecipientId, grantHash: string): KeyEpoch {
  return { ...epoch, recipients: new Map([...epoch.recipients, [id, grantHash]]) };
}

/** Records that `id` got the workspace key of `epoch`, which must be the current one. */
export function giveWorkspaceKey(
  context: RuleContext,
  id: UserId,
  grant: { readonly epoch: number; readonly grant_hash: string },
): void {
  const { draft, stamp } = context;
  const current = latest(draft.epochs);
  if (current?.epoch !== grant.epoch) context.refuse("it grants a key that is not the current one");
  draft.epochs = changed(draft.epochs, stamp.seq, withRecipient(current, id, grant.grant_hash));
}

/** Records a right in an environment; with a grant also that `id` got the key, whose epoch must be the current one. */
export function giveAccess(
  context: RuleContext,
  environment: EnvironmentRecord,
  id: RecipientId,
  access: Access,
  grant?: { readonly epoch: number; readonly grant_hash: string },
): void {
  const { draft, stamp } = context;
  let epochs = environment.epochs;
  if (grant !== undefined) {
    const current = latest(epochs);
    if (current?.epoch !== grant.epoch) context.refuse("it grants a key that is not the current one");
    epochs = changed(epochs, stamp.seq, withRecipient(current, id, grant.grant_hash));
  }
  const timeline = changed(environment.access.get(id), stamp.seq, access);
  draft.environments.set(environment.id, {
    ...environment,
    epochs,
    access: new Map([...environment.access, [id, timeline]]),
  });
}

/** Ends every right that `id` was granted; a later return begins with none. */
export function endAccess(context: RuleContext, id: RecipientId): void {
  for (const environment of context.draft.environments.values()) {
    if (latest(environment.access.get(id)) !== undefined) giveAccess(context, environment, id, undefined);
  }
}

/** `env.grant` */
export function grantEnvironment(context: RuleContext, payload: WorkspacePayload<"env.grant">): void {
  const { draft } = context;
  const environment = liveEnvironment(context, payload.project, payload.env);
  const id = payload.recipient;
  const known = id.startsWith("a_")
    ? draft.agents.get(id as AgentId)?.revoked === undefined && draft.agents.has(id as AgentId)
    : latest(draft.members.get(id as UserId)?.role) !== undefined;
  if (!known) context.refuse("it grants to someone who is not there");
  requireReceivingKey(context, id, payload.enc_pk_hash);
  giveAccess(context, environment, id, { write: payload.write }, payload);
}

/** `env.revoke` */
export function revokeEnvironment(context: RuleContext, payload: WorkspacePayload<"env.revoke">): void {
  const environment = liveEnvironment(context, payload.project, payload.env);
  if (latest(environment.access.get(payload.recipient)) === undefined) context.refuse("there is no such grant");
  giveAccess(context, environment, payload.recipient, undefined);
}
