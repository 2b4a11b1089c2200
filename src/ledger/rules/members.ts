/**
 * Rules about invites and members (docs/spec/protocol.md §4.3, §5).
 *
 * @module
 */

import type { LogHead } from "../../contract/entry_fields.ts";
import type { WorkspacePayload } from "../../contract/workspace_entries.ts";
import type { Role } from "../../contract/workspace_terms.ts";
import type { UserId } from "../../kernel/names.ts";
import { hasEntry } from "../account_state.ts";
import { changed, latest } from "../timeline.ts";
import type { RuleContext } from "../workspace_draft.ts";
import { currentMembers, type InviteRecord, type MemberRecord } from "../workspace_state.ts";
import {
  endAccess,
  giveAccess,
  giveWorkspaceKey,
  liveEnvironment,
  requireReceivingKey,
  requireUsableKeys,
} from "./keys.ts";

const RANK: Readonly<Record<Role, number>> = { member: 1, admin: 2, owner: 3 };

/** Whether `role` is at least `needed`. */
export function atLeast(role: Role, needed: Role): boolean {
  return RANK[role] >= RANK[needed];
}

function roleNow(context: RuleContext, user: UserId): Role | undefined {
  return latest(context.draft.members.get(user)?.role);
}

/** Nobody gives or takes a role above the own one. */
function requireRank(context: RuleContext, ...roles: readonly Role[]): void {
  const own = roleNow(context, context.stamp.by);
  if (own === undefined || roles.some((role) => !atLeast(own, role))) context.refuse("its author's role is too low");
}

function presentMember(context: RuleContext, user: UserId): MemberRecord & { readonly now: Role } {
  const member = context.draft.members.get(user), now = latest(member?.role);
  if (member === undefined || now === undefined) context.refuse("there is no such member");
  return { ...member, now };
}

/** A workspace without an owner could never change its policy again. */
function requireAnotherOwner(context: RuleContext, leaving: UserId): void {
  const owners = currentMembers(context.draft).filter(({ role }) => role === "owner");
  if (owners.every(({ userId }) => userId === leaving)) context.refuse("the last owner would be gone");
}

function setRole(context: RuleContext, member: MemberRecord, role: Role | undefined): void {
  const { userId, account, joined } = member;
  const timeline = changed(member.role, context.stamp.seq, role);
  context.draft.members.set(userId, { userId, account, joined, role: timeline });
}

/** Puts a newcomer (or someone who returns) on the list, at a place of an account log that must be the real one. */
export function admit(context: RuleContext, user: UserId, account: LogHead, role: Role): void {
  const { draft, stamp, accounts } = context;
  const state = accounts.get(user);
  if (state === undefined) context.refuse(`the account log of ${user} is missing`);
  if (!hasEntry(state, account)) context.refuse("it names an account log that is not the real one");
  const before = draft.members.get(user);
  if (latest(before?.role) !== undefined) context.refuse("that account is a member already");
  if (account.seq < (latest(before?.account)?.seq ?? 1)) context.refuse("it names an outdated account log");
  draft.members.set(user, {
    userId: user,
    role: changed(before?.role, stamp.seq, role),
    account: changed(before?.account, stamp.seq, account),
    joined: stamp,
  });
}

/** `member.invite` */
export function invite(context: RuleContext, payload: WorkspacePayload<"member.invite">): void {
  const { draft, stamp } = context;
  requireRank(context, payload.role);
  requireUsableKeys(context, payload.invite_sig_pk, payload.invite_enc_pk);
  if (draft.invites.has(payload.invite_id)) context.refuse("its invite was there before");
  const environments = payload.grants.map(({ project, env }) => liveEnvironment(context, project, env));
  if (new Set(environments).size !== environments.length) context.refuse("it grants an environment twice");
  const sensitive = payload.role !== "member" || environments.some((environment) => environment.protected);
  const mode = draft.policy.invite_confirm;
  if (!payload.confirm && (mode === "always" || (mode === "sensitive" && sensitive))) {
    context.refuse("the policy wants a confirmation");
  }
  // An invite that waits for a confirmation must not carry keys: the link's holder could use them before it.
  if (payload.confirm !== (payload.sealed === null)) context.refuse("it carries keys that it must not, or lacks them");
  if (payload.sealed !== null) {
    requireSameEnvironments(context, payload.sealed, payload.grants.map(({ env }) => env));
    requireCurrentEpochs(context, payload.sealed);
  }
  draft.invites.set(payload.invite_id, {
    id: payload.invite_id,
    signingKey: payload.invite_sig_pk,
    receivingKey: payload.invite_enc_pk,
    role: payload.role,
    grants: payload.grants,
    sealed: payload.sealed,
    expires: payload.expires,
    confirm: payload.confirm,
    invited: stamp,
    status: "open",
  });
}

type Sealed = NonNullable<WorkspacePayload<"member.invite">["sealed"]>;

function requireSameEnvironments(context: RuleContext, sealed: Sealed, environments: readonly string[]): void {
  const named = sealed.envs.map(({ env }): string => env);
  if (named.length !== environments.length || named.some((env, i) => env !== environments[i])) {
    context.refuse("its keys are not those of its grants");
  }
}

function requireCurrentEpochs(context: RuleContext, sealed: Sealed): void {
  const { draft } = context;
  const current = sealed.envs.every(({ env, epoch }) => latest(draft.environments.get(env)?.epochs)?.epoch === epoch);
  if (!current || latest(draft.epochs)?.epoch !== sealed.ws.epoch) {
    context.refuse("it grants a key that is not the current one");
  }
}

function openInvite(context: RuleContext, id: InviteRecord["id"]): InviteRecord {
  const record = context.draft.invites.get(id);
  if (record === undefined || record.status !== "open") context.refuse("there is no such open invite");
  return record;
}

/** `member.uninvite` */
export function uninvite(context: RuleContext, payload: WorkspacePayload<"member.uninvite">): void {
  const record = context.draft.invites.get(payload.invite_id);
  if (record === undefined || (record.status !== "open" && record.status !== "pending")) {
    context.refuse("there is no such open invite");
  }
  context.draft.invites.set(record.id, { ...record, status: "withdrawn" });
}

/** `member.join`; its two signatures were checked with the author. */
export function join(context: RuleContext, payload: WorkspacePayload<"member.join">): void {
  const { draft, stamp, account, now } = context;
  const record = openInvite(context, payload.invite_id);
  if (stamp.at > record.expires || (now !== undefined && now > record.expires)) {
    context.refuse("its invite has expired");
  }
  if (payload.user_id !== stamp.by) context.refuse("it joins another account than its author's");
  const { seq, hash } = payload.account_head;
  if (seq !== account.seq || hash !== account.hash) context.refuse("it names two places of its account log");
  if (roleNow(context, stamp.by) !== undefined) context.refuse("that account is a member already");
  if (record.confirm !== (payload.sealed === null)) context.refuse("it carries keys that it must not, or lacks them");
  const joined = { userId: stamp.by, account };
  if (payload.sealed === null) {
    draft.invites.set(record.id, { ...record, status: "pending", joined });
    return;
  }
  requireSameEnvironments(context, payload.sealed, record.grants.map(({ env }) => env));
  admit(context, stamp.by, payload.account_head, record.role);
  requireReceivingKey(context, stamp.by, payload.enc_pk_hash);
  draft.invites.set(record.id, { ...record, status: "used", joined });
  takeKeys(context, record, payload.sealed);
}

/** Rights of an accepted invite; keys that were rotated since it was written are for an admin to grant anew. */
function takeKeys(context: RuleContext, record: InviteRecord, sealed: Sealed): void {
  const { draft, stamp } = context;
  if (latest(draft.epochs)?.epoch === sealed.ws.epoch) giveWorkspaceKey(context, stamp.by, sealed.ws);
  sealed.envs.forEach((grant, i) => {
    const environment = draft.environments.get(grant.env);
    if (environment === undefined || environment.deleted !== undefined) return;
    const fresh = latest(environment.epochs)?.epoch === grant.epoch;
    giveAccess(context, environment, stamp.by, { write: record.grants[i]!.write }, fresh ? grant : undefined);
  });
}

/** `member.add` */
export function addMember(context: RuleContext, payload: WorkspacePayload<"member.add">): void {
  const { draft } = context;
  requireRank(context, payload.role);
  admit(context, payload.user_id, payload.account_head, payload.role);
  requireReceivingKey(context, payload.user_id, payload.enc_pk_hash);
  giveWorkspaceKey(context, payload.user_id, payload.ws_grant);
  const seen = new Set<string>();
  for (const grant of payload.grants) {
    if (seen.has(grant.env)) context.refuse("it grants an environment twice");
    seen.add(grant.env);
    const environment = liveEnvironment(context, grant.project, grant.env);
    giveAccess(context, environment, payload.user_id, { write: grant.write }, grant);
  }
  for (const record of draft.invites.values()) {
    if (record.status !== "pending" || record.joined?.userId !== payload.user_id) continue;
    draft.invites.set(record.id, { ...record, status: "used" });
  }
}

/** `member.role` */
export function changeRole(context: RuleContext, payload: WorkspacePayload<"member.role">): void {
  const member = presentMember(context, payload.user_id);
  requireRank(context, member.now, payload.role);
  if (member.now === payload.role) context.refuse("that is the member's role already");
  if (member.now === "owner") requireAnotherOwner(context, member.userId);
  setRole(context, member, payload.role);
}

/** `member.remove` */
export function removeMember(context: RuleContext, payload: WorkspacePayload<"member.remove">): void {
  const member = presentMember(context, payload.user_id);
  requireRank(context, member.now);
  endMembership(context, member);
}

/** `member.leave` */
export function leave(context: RuleContext): void {
  endMembership(context, presentMember(context, context.stamp.by));
}

function endMembership(context: RuleContext, member: MemberRecord & { readonly now: Role }): void {
  if (member.now === "owner") requireAnotherOwner(context, member.userId);
  endAccess(context, member.userId);
  setRole(context, member, undefined);
}
