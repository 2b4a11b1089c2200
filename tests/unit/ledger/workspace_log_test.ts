import assert from "node:assert/strict";
import type { InviteId, SignedEntry } from "../../../src/contract/entry_fields.ts";
import type { WorkspacePayload } from "../../../src/contract/workspace_entries.ts";
import { ReceivingKey, SigningKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { buildWorkspaceEntry, buildWorkspaceGenesis } from "../../../src/ledger/build_entry.ts";
import { appendWorkspaceEntries, replayWorkspaceLog, usersIn } from "../../../src/ledger/workspace_log.ts";
import {
  accessOf,
  agentTerms,
  authorisedRecipients,
  currentAllowlist,
  currentEnvironments,
  currentMembers,
  currentProjects,
  isAgentActive,
  keyEpoch,
  needsRotation,
  roleOf,
  workspaceKeyEpoch,
} from "../../../src/ledger/workspace_state.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import type { AgentId, EnvironmentId, ProjectId, Sid } from "../../../src/kernel/names.ts";
import { deviceOf, forge, NOW, type Person, POLICY, World } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const random = seededRandom("workspace log");
const HASH = toBase64Url(random(32));
const AGENT = "a_aaaaaaaaaaaaaaaa" as AgentId, INVITE = "i_aaaaaaaaaaaaaaaa" as InviteId;
const GHOST_ENV = "e_zzzzzzzzzzzzzzzz" as EnvironmentId, GHOST_PROJECT = "p_zzzzzzzzzzzzzzzz" as ProjectId;

function refused(reason: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(isAppError(error, "log_invalid"), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

/** Agents have key pairs like people. */
function agent(name: string): { id: AgentId; s: SigningKey; x: ReceivingKey } {
  const source = seededRandom(`agent ${name}`);
  return { id: AGENT, s: SigningKey.generate(source), x: ReceivingKey.generate(source) };
}

function agentAddition(world: World, who: ReturnType<typeof agent>, write = false): WorkspacePayload<"agent.add"> {
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

function inviteKeys(): InviteKeys {
  const source = seededRandom("invite");
  return { s: SigningKey.generate(source), x: ReceivingKey.generate(source) };
}

function invitation(
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

function joining(
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

Deno.test("a workspace log replays to what its members see, and incrementally to the same", () => {
  const world = new World();
  assert.deepEqual(replayWorkspaceLog(world.entries, world.accounts, world.ws.id), world.ws);
  assert.deepEqual(currentMembers(world.ws), [{ userId: world.owner.id, role: "owner" }]);
  assert.deepEqual(currentProjects(world.ws).map((p) => p.id), [world.project]);
  const [environment] = currentEnvironments(world.ws, world.project);
  assert.equal(environment!.id, world.env);
  assert.equal(keyEpoch(environment!)?.epoch, 1);
  assert.equal(keyEpoch(environment!, 3), undefined);
  assert.equal(workspaceKeyEpoch(world.ws)?.epoch, 1);
  assert.deepEqual(authorisedRecipients(world.ws, environment!), [world.owner.id]);
  assert.deepEqual(currentAllowlist(world.ws), { version: 0, rules: [] });
  assert.deepEqual(usersIn(world.entries), [world.owner.id]);
});

Deno.test("the allowlist keeps every version with who set it and when", () => {
  const world = new World();
  world.append(world.owner, "allowlist.set", { version: 1, scope: "workspace", rules: ["api.stripe.com"] });
  world.append(world.owner, "allowlist.set", { version: 2, scope: "workspace", rules: [] });
  assert.deepEqual(world.ws.allowlist.map(({ version, rules, stamp }) => [version, rules, stamp.by, stamp.at]), [
    [1, ["api.stripe.com"], world.owner.id, NOW],
    [2, [], world.owner.id, NOW],
  ]);
});

Deno.test("the genesis gives the workspace its id and needs its founder's A", () => {
  const world = new World(), { owner } = world, stranger = world.meet("stranger");
  refused(/another workspace's/, () => replayWorkspaceLog(world.entries, world.accounts, "w_x" as never));
  refused(/it is missing/, () => replayWorkspaceLog([], world.accounts));
  const byDevice = buildWorkspaceGenesis({ author: owner.author(owner.d), nonce: HASH, policy: POLICY, ts: NOW });
  refused(
    /not signed by its author's account key/,
    () => replayWorkspaceLog([signEntry(byDevice, owner.d)], world.accounts),
  );
  const byOther = buildWorkspaceGenesis({ author: owner.author(), nonce: HASH, policy: POLICY, ts: NOW });
  refused(
    /not signed by its author's account key/,
    () => replayWorkspaceLog([signEntry(byOther, stranger.a)], world.accounts),
  );
  const first = forge(world.entries[2]!, (b) => ({ ...b, seq: 1, prev: null }), owner.d);
  refused(/not a genesis/, () => replayWorkspaceLog([first], world.accounts));
  refused(/account log of .* is missing/, () => replayWorkspaceLog(world.entries, new Map()));
});

// ------------------------------------------------------------------ who may sign what: the table of §4.3, row by row

type Case = { payload: (world: World) => unknown; device: boolean; role: "owner" | "admin" | "member" };
const AUTHORITY: Readonly<Record<string, Case>> = {
  "ws.update": { device: true, role: "admin", payload: (w) => ({ names: w.names("x", w.ws.id) }) },
  "ws.delete": { device: false, role: "owner", payload: () => ({}) },
  "ws.rotate": { device: true, role: "admin", payload: (w) => w.wsRotation(2, w.people) },
  "member.invite": { device: false, role: "admin", payload: (w) => invitation(w) },
  "member.add": { device: false, role: "admin", payload: (w) => w.addition(w.meet("new"), "member") },
  "project.create": {
    device: true,
    role: "admin",
    payload: (w) => ({ project: GHOST_PROJECT, names: w.names("x", GHOST_PROJECT), name_key_commit: HASH }),
  },
  "project.update": {
    device: true,
    role: "admin",
    payload: (w) => ({ project: w.project, names: w.names("x", w.project) }),
  },
  "project.delete": { device: true, role: "admin", payload: (w) => ({ project: w.project }) },
  "env.create": {
    device: true,
    role: "admin",
    payload: (w) => ({ project: w.project, env: GHOST_ENV, names: w.names("x", GHOST_ENV), protected: true }),
  },
  "env.update": {
    device: true,
    role: "admin",
    payload: (w) => ({ project: w.project, env: w.env, names: w.names("x", w.env) }),
  },
  "env.delete": { device: true, role: "admin", payload: (w) => ({ project: w.project, env: w.env }) },
  "env.rotate": { device: true, role: "admin", payload: (w) => w.envRotation(2, w.people) },
  "env.grant": {
    device: false,
    role: "admin",
    payload: (w) => ({
      project: w.project,
      env: w.env,
      recipient: w.people[1]!.id,
      write: true,
      epoch: 1,
      ...w.envGrant(w.people[1]!.x),
    }),
  },
  "env.revoke": {
    device: false,
    role: "admin",
    payload: (w) => ({ project: w.project, env: w.env, recipient: w.people[1]!.id }),
  },
  "agent.add": { device: false, role: "admin", payload: (w) => agentAddition(w, agent("one")) },
  "allowlist.set": {
    device: false,
    role: "admin",
    payload: () => ({ version: 1, scope: "workspace", rules: ["api.stripe.com"] }),
  },
  "policy.set": { device: false, role: "owner", payload: () => ({ policy: { ...POLICY, audit_mode: "shared" } }) },
  "member.leave": { device: true, role: "member", payload: () => ({}) },
};
const RANKS = ["member", "admin", "owner"] as const;

for (const [type, { payload, device, role }] of Object.entries(AUTHORITY)) {
  for (const rank of RANKS) {
    for (const byDevice of [false, true]) {
      const enough = RANKS.indexOf(rank) >= RANKS.indexOf(role);
      const allowed = enough && (device || !byDevice);
      Deno.test(`${type} by ${byDevice ? "a device" : "A"} of a ${rank} is ${allowed ? "taken" : "refused"}`, () => {
        const world = new World(), who = world.admit("second", rank, true);
        const key = byDevice ? who.d : who.a;
        const entry = world.sign(who, type as "ws.delete", payload(world) as never, key);
        const append = () => appendWorkspaceEntries(world.ws, [entry], world.accounts);
        if (allowed) assert.equal(append().head.seq, world.ws.head.seq + 1);
        else refused(/account key|role is too low/, append);
      });
    }
  }
}

Deno.test("every type of the table is covered above or has a test of its own", async () => {
  const { RULES } = await import("../../../src/ledger/rules/table.ts");
  const own = ["member.join", "member.uninvite", "member.role", "member.remove", "agent.policy", "agent.revoke"];
  assert.deepEqual(Object.keys(RULES).sort(), [...Object.keys(AUTHORITY), ...own].sort());
});

// ------------------------------------------------------------------------------ what no entry may do: rule by rule

type Rule = readonly [what: string, reason: RegExp, entry: (world: World) => SignedEntry];
const allowlist = (rules: string[], version = 1): WorkspacePayload<"allowlist.set"> => ({
  version,
  scope: "workspace",
  rules,
});

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

Deno.test("members, roles and rights are known for every place of the log", () => {
  const world = new World(), member = world.admit("member", "member", false), at = world.ws.head.seq;
  const environment = () => world.ws.environments.get(world.env)!;
  assert.deepEqual(accessOf(world.ws, environment(), member.id), { write: false });
  assert.deepEqual(authorisedRecipients(world.ws, environment()), [world.owner.id, member.id].sort());
  world.append(world.owner, "member.role", { user_id: member.id, role: "admin" });
  assert.deepEqual(accessOf(world.ws, environment(), member.id), { write: true });
  world.append(world.owner, "member.remove", { user_id: member.id });
  assert.equal(roleOf(world.ws, member.id), undefined);
  assert.equal(roleOf(world.ws, member.id, at), "member");
  assert.deepEqual(accessOf(world.ws, environment(), member.id, at), { write: false });
  assert.equal(accessOf(world.ws, environment(), member.id, at - 1), undefined);
});

Deno.test("after a removal nobody writes until a rotation leaves the removed one out", () => {
  const world = new World(), member = world.admit("member", "member", true);
  const environment = () => world.ws.environments.get(world.env)!;
  assert.equal(needsRotation(world.ws, environment()), false);
  world.append(world.owner, "member.remove", { user_id: member.id });
  assert.equal(needsRotation(world.ws, environment()), true);
  refused(/exactly those/, () => world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner, member])));
  world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner]));
  assert.equal(needsRotation(world.ws, environment()), false);
});

Deno.test("someone who was removed and returns has none of the old grants", () => {
  const world = new World(), member = world.admit("member", "member", true);
  world.append(world.owner, "member.remove", { user_id: member.id });
  world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner]));
  world.append(world.owner, "member.add", world.addition(member, "member"));
  assert.equal(accessOf(world.ws, world.ws.environments.get(world.env)!, member.id), undefined);
});

Deno.test("an invite without confirmation makes a member with its keys; one with it waits for an admin", () => {
  const world = new World(), joiner = world.meet("joiner");
  world.append(world.owner, "member.invite", invitation(world));
  world.append(joiner, "member.join", joining(world, joiner), joiner.a, inviteKeys().s);
  assert.equal(roleOf(world.ws, joiner.id), "member");
  const environment = world.ws.environments.get(world.env)!;
  assert.deepEqual(accessOf(world.ws, environment, joiner.id), { write: true });
  assert.ok(keyEpoch(environment)!.recipients.has(joiner.id));

  const strict = new World(), waiting = strict.meet("waiting");
  strict.append(strict.owner, "member.invite", invitation(strict, { confirm: true, sealed: null }));
  strict.append(waiting, "member.join", joining(strict, waiting, { sealed: null }), waiting.a, inviteKeys().s);
  assert.equal(roleOf(strict.ws, waiting.id), undefined);
  assert.equal(strict.ws.invites.get(INVITE)!.status, "pending");
  strict.append(strict.owner, "member.add", strict.addition(waiting, "member", true));
  assert.equal(roleOf(strict.ws, waiting.id), "member");
  assert.equal(strict.ws.invites.get(INVITE)!.status, "used");
});

Deno.test("keys that were rotated since the invite are left for an admin to grant; the right stays", () => {
  const world = new World(), joiner = world.meet("joiner"), entry = invitation(world);
  world.append(world.owner, "member.invite", entry);
  const join = joining(world, joiner);
  world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner]));
  world.append(world.owner, "ws.rotate", world.wsRotation(2, [world.owner]));
  world.append(joiner, "member.join", join, joiner.a, inviteKeys().s);
  const environment = world.ws.environments.get(world.env)!;
  assert.deepEqual(accessOf(world.ws, environment, joiner.id), { write: true });
  assert.equal(keyEpoch(environment)!.recipients.has(joiner.id), false);
  assert.equal(workspaceKeyEpoch(world.ws)!.recipients.has(joiner.id), false);
});

Deno.test("an invite to an environment that was deleted since still makes a member", () => {
  const world = new World(), joiner = world.meet("joiner");
  world.append(world.owner, "member.invite", invitation(world));
  const join = joining(world, joiner);
  world.append(world.owner, "env.delete", { project: world.project, env: world.env });
  world.append(joiner, "member.join", join, joiner.a, inviteKeys().s);
  assert.equal(roleOf(world.ws, joiner.id), "member");
  assert.equal(accessOf(world.ws, world.ws.environments.get(world.env)!, joiner.id), undefined);
});

Deno.test("admitting one leaves another's pending invite as it is", () => {
  const world = new World(), waiting = world.meet("waiting"), other = world.meet("other");
  world.append(world.owner, "member.invite", invitation(world, { confirm: true, sealed: null }));
  world.append(world.owner, "member.add", world.addition(other, "member"));
  assert.equal(world.ws.invites.get(INVITE)!.status, "open");
  world.append(waiting, "member.join", joining(world, waiting, { sealed: null }), waiting.a, inviteKeys().s);
  world.append(world.owner, "member.add", world.addition(world.meet("third"), "member"));
  assert.equal(world.ws.invites.get(INVITE)!.status, "pending");
});

Deno.test("deleting a project takes its own environments along and no others", () => {
  const world = new World(), { owner, project, env } = world;
  const created = { project: GHOST_PROJECT, names: world.names("other", GHOST_PROJECT), name_key_commit: HASH };
  world.append(owner, "project.create", created);
  const other = { project: GHOST_PROJECT, env: GHOST_ENV, names: world.names("x", GHOST_ENV), protected: false };
  world.append(owner, "env.create", other);
  world.append(owner, "env.delete", { project, env });
  const deleted = world.ws.environments.get(env)!.deleted;
  world.append(owner, "project.delete", { project });
  assert.deepEqual(world.ws.environments.get(env)!.deleted, deleted);
  assert.equal(world.ws.environments.get(GHOST_ENV)!.deleted, undefined);
});

Deno.test("the server's clock ends an invite whatever time the joiner claims", () => {
  const world = new World(), joiner = world.meet("joiner");
  world.append(world.owner, "member.invite", invitation(world));
  const entry = world.sign(joiner, "member.join", joining(world, joiner), joiner.a, inviteKeys().s);
  appendWorkspaceEntries(world.ws, [entry], world.accounts, { now: NOW });
  refused(/expired/, () => appendWorkspaceEntries(world.ws, [entry], world.accounts, { now: NOW + 2000 }));
});

Deno.test("the server takes entries only from authors who know the head of their account log", () => {
  const world = new World(), { owner } = world;
  const old = world.sign(owner, "project.delete", { project: world.project }, owner.d);
  owner.append("device.revoke", { device_id: deviceOf("d owner", owner.d).device_id }, owner.a);
  assert.equal(appendWorkspaceEntries(world.ws, [old], world.accounts).head.seq, world.ws.head.seq + 1);
  assert.throws(
    () => appendWorkspaceEntries(world.ws, [old], world.accounts, { now: NOW }),
    (error) => isAppError(error, "head_moved"),
  );
});

Deno.test("a receiving key that replaces another stays right for entries of before", () => {
  const world = new World(), { owner } = world;
  owner.append("enc.rotate", { enc_pk: ReceivingKey.generate(random).publicKeyText }, owner.a);
  assert.deepEqual(replayWorkspaceLog(world.entries, world.accounts, world.ws.id), world.ws);
});

Deno.test("an agent has terms over time and ends with its revocation", () => {
  const world = new World(), one = agent("one");
  world.append(world.owner, "agent.add", agentAddition(world, one));
  const at = world.ws.head.seq, sid = "ab".repeat(16) as Sid;
  const policy = { allow: [sid], deny: [], domains: null, methods: null };
  world.append(world.owner, "agent.policy", { agent_id: AGENT, policy, expires: null });
  assert.equal(agentTerms(world.ws, AGENT, at)?.expires, NOW + 1000);
  assert.deepEqual(agentTerms(world.ws, AGENT), { policy, expires: null });
  world.append(world.owner, "agent.revoke", { agent_id: AGENT });
  assert.equal(isAgentActive(world.ws, AGENT), false);
  assert.equal(isAgentActive(world.ws, AGENT, at), true);
  assert.equal(needsRotation(world.ws, world.ws.environments.get(world.env)!), true);
});

Deno.test("a rotation seals to agents too, each to its own key", () => {
  const world = new World(), one = agent("one"), two = agent("two");
  world.append(world.owner, "agent.add", agentAddition(world, one));
  refused(/exactly those/, () => world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner])));
  const wrong = world.envRotation(2, [world.owner, { ...one, x: two.x }]);
  refused(/wrong receiving key/, () => world.append(world.owner, "env.rotate", wrong));
  world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner, one]));
  assert.deepEqual([...keyEpoch(world.ws.environments.get(world.env)!)!.recipients.keys()].sort(), [
    AGENT,
    world.owner.id,
  ]);
});

Deno.test("a rotation to someone whose account log is missing is refused", () => {
  const world = new World(), admin = world.admit("admin", "admin");
  const entry = world.sign(world.owner, "env.rotate", world.envRotation(2, [world.owner, admin]));
  const accounts = new Map([[world.owner.id, world.owner.account]]);
  refused(/is missing/, () => appendWorkspaceEntries(world.ws, [entry], accounts));
});

Deno.test("usersIn() names authors and those who are added, and leaves nonsense to the replay", () => {
  const world = new World(), member = world.admit("member", "member");
  const nonsense = ["", "!", "bnVsbA", "e30", toBase64Url(new TextEncoder().encode('{"author":{"user":"u_x"}}'))];
  const entries = [...world.entries, ...nonsense.map((body) => ({ ...world.entries[0]!, body }))];
  assert.deepEqual(usersIn(entries), [world.owner.id, member.id]);
});
