/** Payloads of a workspace's entries: agents, invitations and those who follow them, allowlists. */
import assert from "node:assert/strict";
import type { InviteId } from "../../src/contract/entry_fields.ts";
import type { WorkspacePayload } from "../../src/contract/workspace_entries.ts";
import { ReceivingKey, SigningKey } from "../../src/crypto/keys.ts";
import { toBase64Url } from "../../src/kernel/encoding.ts";
import { isAppError } from "../../src/kernel/error.ts";
import type { AgentId, EnvironmentId, ProjectId } from "../../src/kernel/names.ts";
import { NOW, type Person, World } from "./ledger_world.ts";
import { seededRandom } from "./seeded_random.ts";

/** A hash of nothing that is there. */
export const HASH: string = toBase64Url(seededRandom("workspace log")(32));
/** Ids of the one agent and the one invite that such tests need. */
export const AGENT = "a_aaaaaaaaaaaaaaaa" as AgentId, INVITE = "i_aaaaaaaaaaaaaaaa" as InviteId;
/** Ids that no log names. */
export const GHOST_ENV = "e_zzzzzzzzzzzzzzzz" as EnvironmentId, GHOST_PROJECT = "p_zzzzzzzzzzzzzzzz" as ProjectId;

/** Shows that it is refused as `log_invalid`, for that reason. */
export function refused(reason: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(isAppError(error, "log_invalid"), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

/** Agents have key pairs like people. */
export function agent(name: string): { id: AgentId; s: SigningKey; x: ReceivingKey } {
  const source = seededRandom(`agent ${name}`);
  return { id: AGENT, s: SigningKey.generate(source), x: ReceivingKey.generate(source) };
}

/** `agent.add` with a key to the world's environment. */
export function agentAddition(
  world: World,
  who: ReturnType<typeof agent>,
  write = false,
): WorkspacePayload<"agent.add"> {
  const { grant_hash } = world.envGrant(who.x);
  return {
    agent_id: who.id,
    sig_pk: who.s.publicKeyText,
    enc_pk: who.x.publicKeyText,
    names: world.names("ci", who.id),
    grants: [{ project: world.project, env: world.env, write, epoch: 1, grant_hash }],
    policy: { allow: null, deny: [], domains: ["api.stripe.com"], methods: ["GET"] },
    expires: NOW + 1000,
  };
}

interface InviteKeys {
  readonly s: SigningKey;
  readonly x: ReceivingKey;
}

/** The key pairs of an invite, which whoever follows it has. */
export function inviteKeys(): InviteKeys {
  const source = seededRandom("invite");
  return { s: SigningKey.generate(source), x: ReceivingKey.generate(source) };
}

/** `member.invite` to the world's environment; no confirmation is needed. */
export function invitation(
  world: World,
  change: Partial<WorkspacePayload<"member.invite">> = {},
): WorkspacePayload<"member.invite"> {
  const keys = inviteKeys();
  return {
    invite_id: INVITE,
    invite_sig_pk: keys.s.publicKeyText,
    invite_enc_pk: keys.x.publicKeyText,
    role: "member" as const,
    grants: [{ project: world.project, env: world.env, write: true }],
    sealed: {
      ws: { epoch: 1, grant_hash: world.wsGrant(keys.x).grant_hash },
      envs: [{ env: world.env, epoch: 1, grant_hash: world.envGrant(keys.x).grant_hash }],
    },
    expires: NOW + 1000,
    confirm: false,
    ...change,
  };
}

/** `member.join` of somebody who follows that invite. */
export function joining(
  world: World,
  who: Person,
  change: Partial<WorkspacePayload<"member.join">> = {},
): WorkspacePayload<"member.join"> {
  return {
    invite_id: INVITE,
    user_id: who.id,
    account_head: who.account.head,
    enc_pk_hash: world.wsGrant(who.x).enc_pk_hash,
    sealed: {
      ws: { epoch: 1, grant_hash: world.wsGrant(who.x).grant_hash },
      envs: [{ env: world.env, epoch: 1, grant_hash: world.envGrant(who.x).grant_hash }],
    },
    ...change,
  };
}

/** An allowlist of these rules. */
export const allowlist = (rules: string[], version = 1): WorkspacePayload<"allowlist.set"> => ({
  version,
  scope: "workspace",
  rules,
});
