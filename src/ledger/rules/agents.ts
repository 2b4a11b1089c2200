/**
 * Rules about agents (docs/spec/protocol.md §4.3, §5).
 *
 * @module
 */

import type { WorkspacePayload } from "../../contract/workspace_entries.ts";
import type { AgentId } from "../../kernel/names.ts";
import { changed } from "../timeline.ts";
import type { RuleContext } from "../workspace_draft.ts";
import type { AgentRecord } from "../workspace_state.ts";
import { endAccess, giveAccess, liveEnvironment, requireUsableKeys } from "./keys.ts";

function activeAgent(context: RuleContext, id: AgentId): AgentRecord {
  const agent = context.draft.agents.get(id);
  if (agent === undefined || agent.revoked !== undefined) context.refuse("there is no such agent");
  return agent;
}

/** `agent.add` */
export function addAgent(context: RuleContext, payload: WorkspacePayload<"agent.add">): void {
  const { draft, stamp } = context;
  requireUsableKeys(context, payload.sig_pk, payload.enc_pk);
  // A revoked agent must not come back under its old id or with its old key.
  const known = [...draft.agents.values()].some(({ signingKey }) => signingKey === payload.sig_pk);
  if (known || draft.agents.has(payload.agent_id)) context.refuse("its agent was there before");
  draft.agents.set(payload.agent_id, {
    id: payload.agent_id,
    signingKey: payload.sig_pk,
    receivingKey: payload.enc_pk,
    names: payload.names,
    terms: changed(undefined, stamp.seq, { policy: payload.policy, expires: payload.expires }),
    added: stamp,
    revoked: undefined,
  });
  const seen = new Set<string>();
  for (const grant of payload.grants) {
    if (seen.has(grant.env)) context.refuse("it grants an environment twice");
    seen.add(grant.env);
    const environment = liveEnvironment(context, grant.project, grant.env);
    giveAccess(context, environment, payload.agent_id, { write: grant.write }, grant);
  }
}

/** `agent.policy` */
export function setAgentPolicy(context: RuleContext, payload: WorkspacePayload<"agent.policy">): void {
  const agent = activeAgent(context, payload.agent_id);
  const terms = changed(agent.terms, context.stamp.seq, { policy: payload.policy, expires: payload.expires });
  context.draft.agents.set(agent.id, { ...agent, terms });
}

/** `agent.revoke` */
export function revokeAgent(context: RuleContext, payload: WorkspacePayload<"agent.revoke">): void {
  const agent = activeAgent(context, payload.agent_id);
  endAccess(context, agent.id);
  context.draft.agents.set(agent.id, { ...agent, revoked: context.stamp });
}
