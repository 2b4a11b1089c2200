/** What a workspace log says once it is replayed, at every place of it. */
import assert from "node:assert/strict";
import { ReceivingKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { buildWorkspaceGenesis } from "../../../src/ledger/build_entry.ts";
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
import type { Sid } from "../../../src/kernel/names.ts";
import { deviceOf, forge, NOW, POLICY, World } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import {
  AGENT,
  agent,
  agentAddition,
  GHOST_ENV,
  GHOST_PROJECT,
  HASH,
  invitation,
  INVITE,
  inviteKeys,
  joining,
  refused,
} from "../../support/workspace_entries.ts";

const random = seededRandom("keys of a workspace log");

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
