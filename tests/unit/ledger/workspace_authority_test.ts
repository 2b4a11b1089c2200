/** Who may sign what in a workspace log: the table of docs/spec/protocol.md §4.3, row by row. */
import assert from "node:assert/strict";
import { appendWorkspaceEntries } from "../../../src/ledger/workspace_log.ts";
import { POLICY, World } from "../../support/ledger_world.ts";
import {
  agent,
  agentAddition,
  GHOST_ENV,
  GHOST_PROJECT,
  HASH,
  invitation,
  refused,
} from "../../support/workspace_entries.ts";

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
