/**
 * What a workspace log says after replay (docs/spec/protocol.md §4.3), and the questions that use-cases and the server ask.
 *
 * @module
 */

import type { InviteId, LogHead, RecipientId } from "../contract/entry_fields.ts";
import type { AgentPolicy, EnvironmentRight, Role, SealedKeys, WorkspacePolicy } from "../contract/workspace_terms.ts";
import type { AgentId, EnvironmentId, ProjectId, UserId, WorkspaceId } from "../kernel/names.ts";
import { latest, type Timeline, valueAt } from "./timeline.ts";

/** Where an entry came from. */
export interface EntryStamp {
  readonly seq: number;
  /** Milliseconds, by the author's clock. */
  readonly at: number;
  readonly by: UserId;
}

/** A member, present or former. */
export interface MemberRecord {
  readonly userId: UserId;
  /** Undefined from the entry that removed the member on. */
  readonly role: Timeline<Role | undefined>;
  /** The latest place of the member's account log that this log has named: older devices' revocations below it count. */
  readonly account: Timeline<LogHead>;
  readonly joined: EntryStamp;
}

/** An invite that is open, used or withdrawn. */
export interface InviteRecord {
  readonly id: InviteId;
  readonly signingKey: string;
  readonly receivingKey: string;
  readonly role: Role;
  readonly grants: readonly EnvironmentRight[];
  /** Null when `confirm` is set: then keys are sealed by the admin's `member.add`. */
  readonly sealed: SealedKeys | null;
  readonly expires: number;
  readonly confirm: boolean;
  readonly invited: EntryStamp;
  readonly status: "open" | "pending" | "used" | "withdrawn";
  /** Who joined with it: pending until an admin's `member.add` when `confirm` is set. */
  readonly joined?: { readonly userId: UserId; readonly account: LogHead };
}

/** A project. `names` is the sealed envelope (kind 5) in base64url. */
export interface ProjectRecord {
  readonly id: ProjectId;
  readonly names: string;
  /** Commitment to K_name: every recipient checks the one it got. */
  readonly nameKeyCommit: string;
  readonly created: EntryStamp;
  readonly updated: EntryStamp;
  readonly deleted: EntryStamp | undefined;
}

/** One epoch of an environment's or the workspace's key. */
export interface KeyEpoch {
  readonly epoch: number;
  readonly keyCommit: string;
  /** SHA-256 of the envelope (kind 4) that holds the previous key; null in epoch 1. */
  readonly prevWrapHash: string | null;
  /** Who got it, with SHA-256 of the sealed box: those of the rotation and those granted later. */
  readonly recipients: ReadonlyMap<RecipientId, string>;
  readonly stamp: EntryStamp;
}

/** Read, or read and write. Undefined from the revocation on. */
export type Access = { readonly write: boolean } | undefined;

/** An environment. */
export interface EnvironmentRecord {
  readonly id: EnvironmentId;
  readonly projectId: ProjectId;
  readonly names: string;
  /** Production-like: stricter defaults. */
  readonly protected: boolean;
  readonly created: EntryStamp;
  readonly deleted: EntryStamp | undefined;
  /** Empty until the first `env.rotate`. */
  readonly epochs: Timeline<KeyEpoch>;
  /** Grants besides those that owners and admins have by role. */
  readonly access: ReadonlyMap<RecipientId, Timeline<Access>>;
}

/** What an agent may do, and until when. */
export interface AgentTerms {
  readonly policy: AgentPolicy;
  /** Milliseconds; null never. */
  readonly expires: number | null;
}

/** An agent, present or revoked. */
export interface AgentRecord {
  readonly id: AgentId;
  readonly signingKey: string;
  readonly receivingKey: string;
  readonly names: string;
  readonly terms: Timeline<AgentTerms>;
  readonly added: EntryStamp;
  readonly revoked: EntryStamp | undefined;
}

/** One version of the allowlist. */
export interface AllowlistVersion {
  readonly version: number;
  readonly rules: readonly string[];
  readonly stamp: EntryStamp;
}

/** A workspace after replay. Immutable: appending gives a new one. */
export interface WorkspaceState {
  readonly id: WorkspaceId;
  readonly head: LogHead;
  /** Hash of each entry; entry `seq` is at `seq − 1`. */
  readonly hashes: readonly string[];
  readonly created: EntryStamp;
  readonly deleted: EntryStamp | undefined;
  /** The workspace's own names envelope, once set. */
  readonly names: string | undefined;
  readonly policy: WorkspacePolicy;
  /** Epochs of the workspace key W. */
  readonly epochs: Timeline<KeyEpoch>;
  readonly members: ReadonlyMap<UserId, MemberRecord>;
  readonly invites: ReadonlyMap<InviteId, InviteRecord>;
  readonly projects: ReadonlyMap<ProjectId, ProjectRecord>;
  readonly environments: ReadonlyMap<EnvironmentId, EnvironmentRecord>;
  readonly agents: ReadonlyMap<AgentId, AgentRecord>;
  /** Every version, oldest first; empty means that nothing was ever allowed. */
  readonly allowlist: readonly AllowlistVersion[];
}

/** The member's role now, or after entry `seq`; undefined for strangers and former members. */
export function roleOf(ws: WorkspaceState, user: UserId, seq: number = ws.head.seq): Role | undefined {
  return valueAt(ws.members.get(user)?.role, seq);
}

/** Members now, in joining order, with their roles. */
export function currentMembers(ws: WorkspaceState): { readonly userId: UserId; readonly role: Role }[] {
  return [...ws.members.values()].flatMap(({ userId, role }) => {
    const now = latest(role);
    return now === undefined ? [] : [{ userId, role: now }];
  });
}

/** The allowlist's rules in force and their version; version 0 and no rules before the first `allowlist.set`. */
export function currentAllowlist(ws: WorkspaceState): { readonly version: number; readonly rules: readonly string[] } {
  return ws.allowlist.at(-1) ?? { version: 0, rules: [] };
}

/** Projects that were not deleted. */
export function currentProjects(ws: WorkspaceState): ProjectRecord[] {
  return [...ws.projects.values()].filter((project) => project.deleted === undefined);
}

/** Environments of a project that were not deleted. */
export function currentEnvironments(ws: WorkspaceState, project: ProjectId): EnvironmentRecord[] {
  return [...ws.environments.values()].filter((e) => e.projectId === project && e.deleted === undefined);
}

/** The environment's key epoch now, or after entry `seq`; undefined before the first rotation. */
export function keyEpoch(environment: EnvironmentRecord, seq?: number): KeyEpoch | undefined {
  return seq === undefined ? latest(environment.epochs) : valueAt(environment.epochs, seq);
}

/** The workspace key's epoch now, or after entry `seq`; undefined before the first rotation. */
export function workspaceKeyEpoch(ws: WorkspaceState, seq: number = ws.head.seq): KeyEpoch | undefined {
  return valueAt(ws.epochs, seq);
}

/** Whether the agent existed and was not revoked after entry `seq`. */
export function isAgentActive(ws: WorkspaceState, agent: AgentId, seq: number = ws.head.seq): boolean {
  const record = ws.agents.get(agent);
  return record !== undefined && record.added.seq <= seq && (record.revoked === undefined || record.revoked.seq > seq);
}

/** The agent's terms now, or after entry `seq`. */
export function agentTerms(ws: WorkspaceState, agent: AgentId, seq: number = ws.head.seq): AgentTerms | undefined {
  return valueAt(ws.agents.get(agent)?.terms, seq);
}

/** What `recipient` may do in an environment after entry `seq`: owners and admins by role, others by grant. */
export function accessOf(
  ws: WorkspaceState,
  environment: EnvironmentRecord,
  recipient: RecipientId,
  seq: number = ws.head.seq,
): Access {
  const granted = valueAt(environment.access.get(recipient), seq);
  if (recipient.startsWith("a_")) return isAgentActive(ws, recipient as AgentId, seq) ? granted : undefined;
  const role = roleOf(ws, recipient as UserId, seq);
  if (role === undefined) return undefined;
  return role === "member" ? granted : { write: true };
}

/** Everyone who may read the environment now: exactly these must be an `env.rotate`'s recipients. Sorted. */
export function authorisedRecipients(ws: WorkspaceState, environment: EnvironmentRecord): RecipientId[] {
  const candidates = new Set<RecipientId>([...ws.members.keys(), ...environment.access.keys()]);
  return [...candidates].filter((id) => accessOf(ws, environment, id) !== undefined).sort();
}

/** Whether someone who got the current key may no longer read: nobody writes until a rotation. */
export function needsRotation(ws: WorkspaceState, environment: EnvironmentRecord): boolean {
  const epoch = keyEpoch(environment);
  return epoch !== undefined && [...epoch.recipients.keys()].some((id) => accessOf(ws, environment, id) === undefined);
}
