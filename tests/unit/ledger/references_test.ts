import assert from "node:assert/strict";
import type { InviteId } from "../../../src/contract/entry_fields.ts";
import type { WorkspaceEntryType, WorkspacePayload } from "../../../src/contract/workspace_entries.ts";
import { grantReferences, readWorkspaceEntry, wrapReferences } from "../../../src/ledger/references.ts";
import type { AgentId } from "../../../src/kernel/names.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { NOW, World } from "../../support/ledger_world.ts";

const world = new World(), member = world.admit("member", "member", true), { owner, env, project } = world;
const key = owner.a.publicKeyText,
  invite_id = "i_aaaaaaaaaaaaaaaa" as InviteId,
  agent_id = "a_aaaaaaaaaaaaaaaa" as AgentId;

function references<T extends Exclude<WorkspaceEntryType, "ws.create">>(
  type: T,
  payload: WorkspacePayload<T>,
): string[] {
  const body = readWorkspaceEntry(world.sign(owner, type, payload), world.ws.head.seq + 1);
  return grantReferences(body).map(({ recipient, scope, epoch, hash }) => [recipient, scope, epoch, hash].join(" "));
}

Deno.test("every sealed key that an entry names is asked for, with its recipient", () => {
  const rotation = world.envRotation(2, [owner, member]), wsRotation = world.wsRotation(2, [owner, member]);
  const hashes = rotation.recipients.map(({ id, grant_hash }) => `${id} ${env} 2 ${grant_hash}`);
  assert.deepEqual(references("env.rotate", rotation), hashes);
  assert.deepEqual(
    references("ws.rotate", wsRotation),
    wsRotation.recipients.map(({ id, grant_hash }) => `${id} workspace 2 ${grant_hash}`),
  );
  const grant = { project, env, recipient: member.id, write: true, epoch: 1, ...world.envGrant(member.x) };
  assert.deepEqual(references("env.grant", grant), [`${member.id} ${env} 1 ${grant.grant_hash}`]);
  const addition = world.addition(member, "member", true);
  const added = [
    `${member.id} workspace 1 ${addition.ws_grant.grant_hash}`,
    `${member.id} ${env} 1 ${addition.grants[0]!.grant_hash}`,
  ];
  assert.deepEqual(references("member.add", addition), added);
  const sealed = { ws: addition.ws_grant, envs: [{ env, epoch: 1, grant_hash: addition.grants[0]!.grant_hash }] };
  const join = { invite_id, user_id: member.id, account_head: member.account.head, enc_pk_hash: addition.enc_pk_hash };
  assert.deepEqual(references("member.join", { ...join, sealed }), added);
  assert.deepEqual(references("member.join", { ...join, sealed: null }), []);
  const invite = {
    invite_id,
    invite_sig_pk: key,
    invite_enc_pk: key,
    role: "member" as const,
    grants: [],
    expires: NOW,
    confirm: false,
  };
  assert.deepEqual(
    references("member.invite", { ...invite, sealed }),
    added.map((line) => line.replace(member.id, invite_id)),
  );
  const policy = { allow: null, deny: [], domains: null, methods: null };
  const agent = { agent_id, sig_pk: key, enc_pk: key, names: world.names("ci", agent_id), policy, expires: null };
  assert.deepEqual(references("agent.add", { ...agent, grants: addition.grants }), [
    `${agent_id} ${env} 1 ${addition.grants[0]!.grant_hash}`,
  ]);
  assert.deepEqual(references("member.leave", {}), []);
});

Deno.test("a rotation asks for the wrap of the previous key, unless it is the first", () => {
  const wraps = (type: "env.rotate" | "ws.rotate", payload: unknown): unknown =>
    wrapReferences(readWorkspaceEntry(world.sign(owner, type, payload as never), 1));
  const second = world.envRotation(2, [owner]), workspace = world.wsRotation(2, [owner]);
  assert.deepEqual(wraps("env.rotate", second), [{ scope: env, epoch: 2, hash: second.prev_wrap_hash }]);
  assert.deepEqual(wraps("ws.rotate", workspace), [{ scope: "workspace", epoch: 2, hash: workspace.prev_wrap_hash }]);
  assert.deepEqual(wraps("env.rotate", world.envRotation(1, [owner])), []);
  assert.deepEqual(wrapReferences(readWorkspaceEntry(world.sign(owner, "member.leave", {}), 1)), []);
});

Deno.test("an entry is read only after its signature", () => {
  const entry = world.sign(owner, "member.leave", {});
  const broken = { ...entry, sigs: [{ ...entry.sigs[0]!, key: owner.d.publicKeyText }] };
  assert.throws(() => readWorkspaceEntry(broken, 1), (error) => isAppError(error, "signature_invalid"));
});
