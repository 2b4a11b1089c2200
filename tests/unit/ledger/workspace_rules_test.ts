/** What no entry of a workspace log may do, whoever signs it: rule by rule (docs/spec/protocol.md §4.3). */
import assert from "node:assert/strict";
import type { SignedEntry } from "../../../src/contract/entry_fields.ts";
import { ReceivingKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { buildWorkspaceEntry } from "../../../src/ledger/build_entry.ts";
import { appendWorkspaceEntries } from "../../../src/ledger/workspace_log.ts";
import type { AgentId } from "../../../src/kernel/names.ts";
import { deviceOf, forge, NOW, POLICY, World } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import {
  AGENT,
  agent,
  agentAddition,
  allowlist,
  GHOST_ENV,
  GHOST_PROJECT,
  HASH,
  invitation,
  INVITE,
  inviteKeys,
  joining,
  refused,
} from "../../support/workspace_entries.ts";

const random = seededRandom("keys of workspace rules");

type Rule = readonly [what: string, reason: RegExp, entry: (world: World) => SignedEntry];

const RULES: readonly Rule[] = [
  ["a second genesis", /says that it is entry 1/, (w) => w.entries[0]!],
  [
    "an entry of another workspace",
    /another workspace's/,
    (w) =>
      forge(w.sign(w.owner, "allowlist.set", allowlist([])), (b) => ({ ...b, ws: `w_${"a".repeat(32)}` }), w.owner.a),
  ],
  [
    "an entry whose signature is another's",
    /not signed by its author/,
    (w) => signEntry(w.build(w.owner, "allowlist.set", allowlist([])), w.meet("stranger").a),
  ],
  [
    "an entry with a signature too many",
    /not signed by its author/,
    (w) => w.sign(w.owner, "allowlist.set", allowlist([]), w.owner.a, w.meet("stranger").a),
  ],
  ["an entry by someone who is no member", /not a member/, (w) => {
    const stranger = w.meet("stranger");
    return w.sign(stranger, "allowlist.set", allowlist([]));
  }],
  ["an entry by someone who was removed", /not a member/, (w) => {
    const gone = w.admit("gone", "admin");
    w.append(w.owner, "member.remove", { user_id: gone.id });
    return w.sign(gone, "allowlist.set", allowlist([]));
  }],
  [
    "an author's place in an account log that is not the real one",
    /not the real one/,
    (w) =>
      forge(w.sign(w.owner, "allowlist.set", allowlist([])), (b) => ({
        ...b,
        author: { ...(b.author as object), account: { seq: 2, hash: HASH } },
      }), w.owner.a),
  ],
  ["a device that was revoked before the author's place", /needs a key/, (w) => {
    const { owner } = w;
    owner.append("device.revoke", { device_id: deviceOf("d owner", owner.d).device_id }, owner.a);
    return w.sign(owner, "project.delete", { project: w.project }, owner.d);
  }],
  ["a revoked device that hides behind an older place, once the log heard of the revocation", /outdated/, (w) => {
    const { owner } = w;
    const old = owner.author(owner.d);
    owner.append("device.revoke", { device_id: deviceOf("d owner", owner.d).device_id }, owner.a);
    w.append(owner, "allowlist.set", allowlist([]));
    return signEntry(buildWorkspaceEntry(w.ws, old, "project.delete", { project: w.project }, NOW), owner.d);
  }],
  ["anything after the workspace was deleted", /was deleted/, (w) => {
    w.append(w.owner, "ws.delete", {});
    return w.sign(w.owner, "allowlist.set", allowlist([]));
  }],
  ["an allowlist that skips a version", /next version/, (w) => w.sign(w.owner, "allowlist.set", allowlist([], 2))],
  ["an allowlist that repeats a version", /next version/, (w) => {
    w.append(w.owner, "allowlist.set", allowlist([]));
    return w.sign(w.owner, "allowlist.set", allowlist([]));
  }],
  ["an allowlist with an entry twice", /twice/, (w) => w.sign(w.owner, "allowlist.set", allowlist(["a.b", "a.b"]))],
  ["a project that was there before", /there before/, (w) => {
    const payload = { project: w.project, names: w.names("x", w.project), name_key_commit: HASH };
    return w.sign(w.owner, "project.create", payload);
  }],
  [
    "an update of a project that is not there",
    /no such project/,
    (w) => w.sign(w.owner, "project.update", { project: GHOST_PROJECT, names: w.names("x", w.project) }),
  ],
  ["an update of a deleted project", /no such project/, (w) => {
    w.append(w.owner, "project.delete", { project: w.project });
    return w.sign(w.owner, "project.update", { project: w.project, names: w.names("x", w.project) });
  }],
  [
    "a second environment with the same id",
    /there before/,
    (w) =>
      w.sign(w.owner, "env.create", { project: w.project, env: w.env, names: w.names("x", w.env), protected: false }),
  ],
  ["an environment in a project that is not there", /no such project/, (w) =>
    w.sign(w.owner, "env.create", {
      project: GHOST_PROJECT,
      env: GHOST_ENV,
      names: w.names("x", GHOST_ENV),
      protected: false,
    })],
  [
    "a rotation of an environment under another project",
    /no such environment/,
    (w) => w.sign(w.owner, "env.rotate", { ...w.envRotation(2, [w.owner]), project: GHOST_PROJECT }),
  ],
  ["a rotation of an environment that went with its project", /no such environment/, (w) => {
    w.append(w.owner, "project.delete", { project: w.project });
    return w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
  }],
  ["a rotation of a deleted environment", /no such environment/, (w) => {
    w.append(w.owner, "env.delete", { project: w.project, env: w.env });
    return w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
  }],
  ["a rotation that repeats an epoch", /next epoch/, (w) => w.sign(w.owner, "env.rotate", w.envRotation(1, [w.owner]))],
  ["a rotation that skips an epoch", /next epoch/, (w) => w.sign(w.owner, "env.rotate", w.envRotation(3, [w.owner]))],
  [
    "a rotation without the previous key",
    /previous key/,
    (w) => w.sign(w.owner, "env.rotate", { ...w.envRotation(2, [w.owner]), prev_wrap_hash: null }),
  ],
  [
    "a rotation to a ghost",
    /exactly those/,
    (w) => w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner, w.meet("ghost")])),
  ],
  ["a rotation that leaves out an admin", /exactly those/, (w) => {
    w.admit("admin", "admin");
    return w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
  }],
  ["a rotation that leaves out a member with a grant", /exactly those/, (w) => {
    w.admit("member", "member", false);
    return w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
  }],
  [
    "a rotation to a member without a grant",
    /exactly those/,
    (w) => w.sign(w.owner, "env.rotate", w.envRotation(2, [w.owner, w.admit("member", "member")])),
  ],
  ["a rotation with the recipients out of order", /exactly those/, (w) => {
    const payload = w.envRotation(2, [w.owner, w.admit("admin", "admin")]);
    return w.sign(w.owner, "env.rotate", { ...payload, recipients: [...payload.recipients].reverse() });
  }],
  ["a rotation with a recipient twice", /exactly those/, (w) => {
    const payload = w.envRotation(2, [w.owner]);
    return w.sign(w.owner, "env.rotate", { ...payload, recipients: [...payload.recipients, ...payload.recipients] });
  }],
  ["a rotation sealed to a key that is not the recipient's", /wrong receiving key/, (w) => {
    const payload = w.envRotation(2, [{ id: w.owner.id, x: ReceivingKey.generate(random) }]);
    return w.sign(w.owner, "env.rotate", payload);
  }],
  [
    "a rotation sealed to a key that was replaced before the log last heard of the account",
    /wrong receiving key/,
    (w) => {
      const { owner } = w;
      owner.append("enc.rotate", { enc_pk: ReceivingKey.generate(random).publicKeyText }, owner.a);
      w.append(owner, "allowlist.set", allowlist([]));
      return w.sign(owner, "env.rotate", w.envRotation(2, [owner]));
    },
  ],
  [
    "a workspace rotation to a ghost",
    /exactly those/,
    (w) => w.sign(w.owner, "ws.rotate", w.wsRotation(2, [w.owner, w.meet("ghost")])),
  ],
  ["a workspace rotation that leaves a member out", /exactly those/, (w) => {
    w.admit("member", "member");
    return w.sign(w.owner, "ws.rotate", w.wsRotation(2, [w.owner]));
  }],
  ["a grant to a stranger", /who is not there/, (w) => {
    const stranger = w.meet("stranger");
    const payload = { project: w.project, env: w.env, recipient: stranger.id, write: false, epoch: 1 };
    return w.sign(w.owner, "env.grant", { ...payload, ...w.envGrant(stranger.x) });
  }],
  ["a grant to a revoked agent", /who is not there/, (w) => {
    const one = agent("one");
    w.append(w.owner, "agent.add", agentAddition(w, one));
    w.append(w.owner, "agent.revoke", { agent_id: one.id });
    const payload = { project: w.project, env: w.env, recipient: one.id, write: false, epoch: 1 };
    return w.sign(w.owner, "env.grant", { ...payload, ...w.envGrant(one.x) });
  }],
  ["a grant of an old epoch's key", /not the current one/, (w) => {
    const member = w.admit("member", "member");
    w.append(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
    const payload = { project: w.project, env: w.env, recipient: member.id, write: false, epoch: 1 };
    return w.sign(w.owner, "env.grant", { ...payload, ...w.envGrant(member.x) });
  }],
  ["a grant sealed to a wrong key", /wrong receiving key/, (w) => {
    const member = w.admit("member", "member");
    const payload = { project: w.project, env: w.env, recipient: member.id, write: false, epoch: 1 };
    return w.sign(w.owner, "env.grant", { ...payload, ...w.envGrant(w.owner.x) });
  }],
  [
    "the end of a grant that is not there",
    /no such grant/,
    (w) => w.sign(w.owner, "env.revoke", { project: w.project, env: w.env, recipient: w.admit("member", "member").id }),
  ],
  ["a member who is there already", /member already/, (w) => {
    const member = w.admit("member", "member");
    return w.sign(w.owner, "member.add", w.addition(member, "member"));
  }],
  ["a member with an account log that is not the real one", /not the real one/, (w) => {
    const payload = w.addition(w.meet("new"), "member");
    return w.sign(w.owner, "member.add", { ...payload, account_head: { seq: 1, hash: HASH } });
  }],
  ["a returning member with an older account log", /outdated/, (w) => {
    const member = w.admit("member", "member"), old = w.addition(member, "member");
    w.append(w.owner, "member.remove", { user_id: member.id });
    return w.sign(w.owner, "member.add", { ...old, account_head: { seq: 1, hash: member.account.hashes[0]! } });
  }],
  ["a member whose account log nobody has", /is missing/, (w) => {
    const payload = w.addition(w.meet("new"), "member");
    return w.sign(w.owner, "member.add", { ...payload, user_id: `u_${"a".repeat(32)}` as never });
  }],
  ["a member whose keys are sealed to someone else", /wrong receiving key/, (w) => {
    const payload = w.addition(w.meet("new"), "member");
    return w.sign(w.owner, "member.add", { ...payload, enc_pk_hash: w.wsGrant(w.owner.x).enc_pk_hash });
  }],
  ["a member who gets an environment twice", /twice/, (w) => {
    const payload = w.addition(w.meet("new"), "member", true);
    return w.sign(w.owner, "member.add", { ...payload, grants: [...payload.grants, ...payload.grants] });
  }],
  ["a member who gets an old workspace key", /not the current one/, (w) => {
    const payload = w.addition(w.meet("new"), "member");
    w.append(w.owner, "ws.rotate", w.wsRotation(2, [w.owner]));
    return w.sign(w.owner, "member.add", payload);
  }],
  ["an owner made by an admin", /role is too low/, (w) => {
    const admin = w.admit("admin", "admin");
    return w.sign(admin, "member.add", w.addition(w.meet("new"), "owner"));
  }],
  ["an invite to be owner by an admin", /role is too low/, (w) => {
    const admin = w.admit("admin", "admin");
    return w.sign(admin, "member.invite", invitation(w, { role: "owner", confirm: true, sealed: null }));
  }],
  ["a promotion to owner by an admin", /role is too low/, (w) => {
    const admin = w.admit("admin", "admin");
    return w.sign(admin, "member.role", { user_id: admin.id, role: "owner" });
  }],
  ["a demotion of the owner by an admin", /role is too low/, (w) => {
    const admin = w.admit("admin", "admin");
    w.admit("other", "owner");
    return w.sign(admin, "member.role", { user_id: w.owner.id, role: "member" });
  }],
  ["the removal of an owner by an admin", /role is too low/, (w) => {
    const admin = w.admit("admin", "admin");
    w.admit("other", "owner");
    return w.sign(admin, "member.remove", { user_id: w.owner.id });
  }],
  ["a change of role by a device", /account key/, (w) => {
    const member = w.admit("member", "member");
    return w.sign(w.owner, "member.role", { user_id: member.id, role: "admin" }, w.owner.d);
  }],
  ["a change of role by a member", /role is too low/, (w) => {
    const member = w.admit("member", "member");
    return w.sign(member, "member.role", { user_id: member.id, role: "admin" });
  }],
  ["a removal by a device", /account key/, (w) => {
    const member = w.admit("member", "member");
    return w.sign(w.owner, "member.remove", { user_id: member.id }, w.owner.d);
  }],
  ["a removal by a member", /role is too low/, (w) => {
    const member = w.admit("member", "member");
    return w.sign(member, "member.remove", { user_id: w.owner.id });
  }],
  [
    "a role that does not change",
    /already/,
    (w) => w.sign(w.owner, "member.role", { user_id: w.admit("member", "member").id, role: "member" }),
  ],
  [
    "a role for a stranger",
    /no such member/,
    (w) => w.sign(w.owner, "member.role", { user_id: w.meet("stranger").id, role: "admin" }),
  ],
  ["a role for someone who was removed", /no such member/, (w) => {
    const member = w.admit("member", "member");
    w.append(w.owner, "member.remove", { user_id: member.id });
    return w.sign(w.owner, "member.role", { user_id: member.id, role: "admin" });
  }],
  [
    "the last owner's demotion",
    /last owner/,
    (w) => w.sign(w.owner, "member.role", { user_id: w.owner.id, role: "admin" }),
  ],
  ["the last owner's removal", /last owner/, (w) => w.sign(w.owner, "member.remove", { user_id: w.owner.id })],
  ["the last owner's leaving", /last owner/, (w) => w.sign(w.owner, "member.leave", {})],
  ["an agent under a revoked agent's id", /there before/, (w) => {
    w.append(w.owner, "agent.add", agentAddition(w, agent("one")));
    w.append(w.owner, "agent.revoke", { agent_id: AGENT });
    return w.sign(w.owner, "agent.add", agentAddition(w, agent("two")));
  }],
  ["an agent with a revoked agent's key", /there before/, (w) => {
    w.append(w.owner, "agent.add", agentAddition(w, agent("one")));
    w.append(w.owner, "agent.revoke", { agent_id: AGENT });
    return w.sign(w.owner, "agent.add", agentAddition(w, { ...agent("one"), id: "a_bbbbbbbbbbbbbbbb" as AgentId }));
  }],
  [
    "an agent with a signing key of small order",
    /signing key is not usable/,
    (w) => w.sign(w.owner, "agent.add", { ...agentAddition(w, agent("one")), sig_pk: "A".repeat(43) }),
  ],
  [
    "an agent with a receiving key of small order",
    /receiving key is not usable/,
    (w) => w.sign(w.owner, "agent.add", { ...agentAddition(w, agent("one")), enc_pk: "A".repeat(43) }),
  ],
  ["an agent in an environment that is not there", /no such environment/, (w) => {
    const payload = agentAddition(w, agent("one"));
    return w.sign(w.owner, "agent.add", { ...payload, grants: [{ ...payload.grants[0]!, env: GHOST_ENV }] });
  }],
  ["an agent with an environment twice", /twice/, (w) => {
    const payload = agentAddition(w, agent("one"));
    return w.sign(w.owner, "agent.add", { ...payload, grants: [...payload.grants, ...payload.grants] });
  }],
  ["a policy for an agent that is not there", /no such agent/, (w) => {
    const { policy, expires } = agentAddition(w, agent("one"));
    return w.sign(w.owner, "agent.policy", { agent_id: AGENT, policy, expires });
  }],
  ["a policy for an agent by a device", /account key/, (w) => {
    const { policy, expires } = agentAddition(w, agent("one"));
    w.append(w.owner, "agent.add", agentAddition(w, agent("one")));
    return w.sign(w.owner, "agent.policy", { agent_id: AGENT, policy, expires }, w.owner.d);
  }],
  ["the revocation of an agent by a device", /account key/, (w) => {
    w.append(w.owner, "agent.add", agentAddition(w, agent("one")));
    return w.sign(w.owner, "agent.revoke", { agent_id: AGENT }, w.owner.d);
  }],
  ["a second revocation of an agent", /no such agent/, (w) => {
    w.append(w.owner, "agent.add", agentAddition(w, agent("one")));
    w.append(w.owner, "agent.revoke", { agent_id: AGENT });
    return w.sign(w.owner, "agent.revoke", { agent_id: AGENT });
  }],
  ["an invite under an id that was used", /there before/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    return w.sign(w.owner, "member.invite", invitation(w));
  }],
  [
    "an unconfirmed invite to be admin",
    /wants a confirmation/,
    (w) => w.sign(w.owner, "member.invite", invitation(w, { role: "admin" })),
  ],
  ["an unconfirmed invite to a protected environment", /wants a confirmation/, (w) => {
    const create = { project: w.project, env: GHOST_ENV, names: w.names("x", GHOST_ENV), protected: true };
    w.append(w.owner, "env.create", create);
    const grants = [{ project: w.project, env: GHOST_ENV, write: false }];
    return w.sign(w.owner, "member.invite", invitation(w, { grants }));
  }],
  ["an unconfirmed invite where every one needs it", /wants a confirmation/, (w) => {
    w.append(w.owner, "policy.set", { policy: { ...POLICY, invite_confirm: "always" } });
    return w.sign(w.owner, "member.invite", invitation(w));
  }],
  [
    "an invite that waits for a confirmation and carries keys",
    /keys that it must not/,
    (w) => w.sign(w.owner, "member.invite", invitation(w, { confirm: true })),
  ],
  [
    "an invite whose keys are not those of its grants",
    /not those of its grants/,
    (w) => w.sign(w.owner, "member.invite", invitation(w, { grants: [] })),
  ],
  ["an invite whose key is another environment's", /not those of its grants/, (w) => {
    const other = { project: w.project, env: GHOST_ENV, names: w.names("x", GHOST_ENV), protected: false };
    w.append(w.owner, "env.create", other);
    return w.sign(
      w.owner,
      "member.invite",
      invitation(w, { grants: [{ project: w.project, env: GHOST_ENV, write: false }] }),
    );
  }],
  ["an invite to an environment twice", /twice/, (w) => {
    const { grants } = invitation(w);
    return w.sign(w.owner, "member.invite", invitation(w, { grants: [...grants, ...grants] }));
  }],
  ["an invite with an old key", /not the current one/, (w) => {
    const old = invitation(w);
    w.append(w.owner, "env.rotate", w.envRotation(2, [w.owner]));
    return w.sign(w.owner, "member.invite", old);
  }],
  ["an invite with an old workspace key", /not the current one/, (w) => {
    const old = invitation(w);
    w.append(w.owner, "ws.rotate", w.wsRotation(2, [w.owner]));
    return w.sign(w.owner, "member.invite", old);
  }],
  [
    "an invite with unusable keys",
    /not usable/,
    (w) => w.sign(w.owner, "member.invite", invitation(w, { invite_enc_pk: "A".repeat(43) })),
  ],
  [
    "the withdrawal of an invite that is not there",
    /no such open invite/,
    (w) => w.sign(w.owner, "member.uninvite", { invite_id: INVITE }),
  ],
  ["the withdrawal of an invite that was withdrawn", /no such open invite/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    w.append(w.owner, "member.uninvite", { invite_id: INVITE });
    return w.sign(w.owner, "member.uninvite", { invite_id: INVITE });
  }],
  ["the withdrawal of an invite by a device", /account key/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    return w.sign(w.owner, "member.uninvite", { invite_id: INVITE }, w.owner.d);
  }],
  ["joining without an invite", /not signed by its author/, (w) => {
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who), who.a, inviteKeys().s);
  }],
  ["joining without the invite's signature", /not signed by its author/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who));
  }],
  ["joining with a device", /account key/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who), who.d, inviteKeys().s);
  }],
  ["joining another account", /another account/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner"), other = w.meet("other");
    return w.sign(who, "member.join", joining(w, who, { user_id: other.id }), who.a, inviteKeys().s);
  }],
  ["joining at two places of an account log", /two places/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner"), head = { seq: 1, hash: who.account.hashes[0]! };
    return w.sign(who, "member.join", joining(w, who, { account_head: head }), who.a, inviteKeys().s);
  }],
  ["joining with an expired invite", /expired/, (w) => {
    w.append(w.owner, "member.invite", invitation(w, { expires: NOW - 1 }));
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who), who.a, inviteKeys().s);
  }],
  ["joining with a withdrawn invite", /no such open invite/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    w.append(w.owner, "member.uninvite", { invite_id: INVITE });
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who), who.a, inviteKeys().s);
  }],
  ["a second use of an invite", /no such open invite/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner"), next = w.meet("next");
    w.append(who, "member.join", joining(w, who), who.a, inviteKeys().s);
    return w.sign(next, "member.join", joining(w, next), next.a, inviteKeys().s);
  }],
  ["joining twice", /member already/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    return w.sign(w.owner, "member.join", joining(w, w.owner), w.owner.a, inviteKeys().s);
  }],
  ["a member who joins again and would wait for a confirmation", /member already/, (w) => {
    const member = w.admit("member", "member");
    w.append(w.owner, "member.invite", invitation(w, { confirm: true, sealed: null }));
    return w.sign(member, "member.join", joining(w, member, { sealed: null }), member.a, inviteKeys().s);
  }],
  ["joining with keys for other environments", /not those of its grants/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner"), { sealed } = joining(w, who);
    return w.sign(who, "member.join", joining(w, who, { sealed: { ...sealed!, envs: [] } }), who.a, inviteKeys().s);
  }],
  ["joining with keys before the confirmation", /keys that it must not/, (w) => {
    w.append(w.owner, "member.invite", invitation(w, { confirm: true, sealed: null }));
    const who = w.meet("joiner");
    return w.sign(who, "member.join", joining(w, who), who.a, inviteKeys().s);
  }],
  ["joining with keys sealed to someone else", /wrong receiving key/, (w) => {
    w.append(w.owner, "member.invite", invitation(w));
    const who = w.meet("joiner"), enc_pk_hash = w.wsGrant(w.owner.x).enc_pk_hash;
    return w.sign(who, "member.join", joining(w, who, { enc_pk_hash }), who.a, inviteKeys().s);
  }],
];

for (const [what, reason, entry] of RULES) {
  Deno.test(`a workspace log refuses ${what}`, () => {
    const world = new World();
    const bad = entry(world), head = world.ws.head;
    refused(reason, () => appendWorkspaceEntries(world.ws, [bad], world.accounts));
    assert.deepEqual(world.ws.head, head);
  });
}

Deno.test("a batch with one bad entry counts as none", () => {
  const world = new World();
  const good = world.build(world.owner, "allowlist.set", allowlist(["a.example"]));
  const bad = buildWorkspaceEntry(
    { id: world.ws.id, head: good.head },
    world.owner.author(),
    "allowlist.set",
    allowlist(["b.example"], 5),
    NOW,
  );
  const batch = [signEntry(good, world.owner.a), signEntry(bad, world.owner.a)];
  refused(/next version/, () => appendWorkspaceEntries(world.ws, batch, world.accounts));
  assert.equal(world.ws.allowlist.length, 0);
  assert.equal(appendWorkspaceEntries(world.ws, batch.slice(0, 1), world.accounts).allowlist.length, 1);
});
