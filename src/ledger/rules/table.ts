/**
 * The table of docs/spec/protocol.md §4.3: which key signs each type of workspace entry, which role its author has, and what it
 * does. Governance needs A, whose private half exists only for the seconds after the password was typed (§6).
 *
 * @module
 */

import type { WorkspaceEntryType, WorkspacePayload } from "../../contract/workspace_entries.ts";
import type { Role } from "../../contract/workspace_terms.ts";
import type { RuleContext } from "../workspace_draft.ts";
import * as agents from "./agents.ts";
import * as keys from "./keys.ts";
import * as members from "./members.ts";
import * as projects from "./projects.ts";

/** How one type of entry is judged. */
export interface Rule<T extends WorkspaceEntryType> {
  /** `A`: only the author's A. `A or D`: also a device. `A and invite`: A and the invite's key. */
  readonly signer: "A" | "A or D" | "A and invite";
  /** The lowest role; `none` for a joiner. */
  readonly role: Role | "none";
  apply(context: RuleContext, payload: WorkspacePayload<T>): void;
}

/** Every type but the genesis. */
export const RULES: { readonly [T in Exclude<WorkspaceEntryType, "ws.create">]: Rule<T> } = {
  "ws.update": { signer: "A or D", role: "admin", apply: ({ draft }, { names }) => void (draft.names = names) },
  "ws.delete": { signer: "A", role: "owner", apply: ({ draft, stamp }) => void (draft.deleted = stamp) },
  "ws.rotate": { signer: "A or D", role: "admin", apply: keys.rotateWorkspace },
  "member.invite": { signer: "A", role: "admin", apply: members.invite },
  "member.uninvite": { signer: "A", role: "admin", apply: members.uninvite },
  "member.join": { signer: "A and invite", role: "none", apply: members.join },
  "member.add": { signer: "A", role: "admin", apply: members.addMember },
  "member.role": { signer: "A", role: "admin", apply: members.changeRole },
  "member.remove": { signer: "A", role: "admin", apply: members.removeMember },
  "member.leave": { signer: "A or D", role: "member", apply: members.leave },
  "project.create": { signer: "A or D", role: "admin", apply: projects.createProject },
  "project.update": { signer: "A or D", role: "admin", apply: projects.updateProject },
  "project.delete": { signer: "A or D", role: "admin", apply: projects.deleteProject },
  "env.create": { signer: "A or D", role: "admin", apply: projects.createEnvironment },
  "env.update": { signer: "A or D", role: "admin", apply: projects.updateEnvironment },
  "env.delete": { signer: "A or D", role: "admin", apply: projects.deleteEnvironment },
  "env.rotate": { signer: "A or D", role: "admin", apply: keys.rotateEnvironment },
  "env.grant": { signer: "A", role: "admin", apply: keys.grantEnvironment },
  "env.revoke": { signer: "A", role: "admin", apply: keys.revokeEnvironment },
  "agent.add": { signer: "A", role: "admin", apply: agents.addAgent },
  "agent.policy": { signer: "A", role: "admin", apply: agents.setAgentPolicy },
  "agent.revoke": { signer: "A", role: "admin", apply: agents.revokeAgent },
  "allowlist.set": { signer: "A", role: "admin", apply: setAllowlist },
  "policy.set": { signer: "A", role: "owner", apply: ({ draft }, { policy }) => void (draft.policy = policy) },
};

function setAllowlist({ draft, stamp, refuse }: RuleContext, payload: WorkspacePayload<"allowlist.set">): void {
  const version = (draft.allowlist.at(-1)?.version ?? 0) + 1;
  if (payload.version !== version) refuse("it is not the allowlist's next version");
  if (new Set(payload.rules).size !== payload.rules.length) refuse("it lists an entry twice");
  draft.allowlist = [...draft.allowlist, { version, rules: payload.rules, stamp }];
}
