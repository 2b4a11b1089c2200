import assert from "node:assert/strict";
import type { SignedEntry } from "../../../src/contract/entry_fields.ts";
import type { CommitChange, SnapshotItem } from "../../../src/contract/environment_commits.ts";
import { MAX_ENVELOPE_BYTES } from "../../../src/contract/limits.ts";
import { ReceivingKey, SigningKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { envelopeHash } from "../../../src/crypto/verify/snapshot_root.ts";
import { sealSecret } from "../../../src/crypto/secret_envelope.ts";
import { buildCommit } from "../../../src/ledger/build_entry.ts";
import {
  appendCommits,
  type CommitContext,
  emptyEnvironment,
  replayEnvironment,
  type Snapshot,
  verifyCommit,
  verifySnapshot,
} from "../../../src/ledger/environment_chain.ts";
import type { EnvironmentPlace, EnvironmentState } from "../../../src/ledger/environment_state.ts";
import type { ErrorCode } from "../../../src/kernel/error.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { MAX_VALUE_BYTES } from "../../../src/kernel/limits.ts";
import type { AgentId, EnvironmentId, ProjectId, Sid } from "../../../src/kernel/names.ts";
import { parseSecretName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { deviceOf, forge, NOW, type Person, World } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const HASH = "A".repeat(43);

function refused(code: ErrorCode, reason: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => {
    assert.ok(isAppError(error, code), String(error));
    assert.match(error.message, reason);
    return true;
  });
}

function place(world: World): EnvironmentPlace {
  return { ws: world.ws.id, project: world.project, env: world.env };
}

function context(world: World, now?: number): CommitContext {
  return { workspace: world.ws, accounts: world.accounts, ...(now === undefined ? {} : { now }) };
}

/** A world whose environment has two secrets in two commits. */
class Filled {
  readonly world = new World();
  readonly commits: SignedEntry[] = [];
  state: EnvironmentState = emptyEnvironment(place(this.world));

  constructor() {
    this.set("STRIPE_KEY", "one");
    this.set("OTHER_KEY", "two");
  }

  set(name: string, value: string): void {
    this.commit([this.world.set(this.state, name, value).change]);
  }

  commit(changes: readonly CommitChange[], by: Person = this.world.owner, key: SigningKey = by.d): void {
    this.take(this.world.commit(this.state, changes, by, key));
  }

  take(entry: SignedEntry): void {
    this.state = appendCommits(this.state, [entry], context(this.world));
    this.commits.push(entry);
  }

  /** What an honest server answers. */
  snapshot(since: number = this.commits.length): Snapshot {
    return { head: this.commits.at(-1), items: [...this.state.items.values()], since: this.commits.slice(since) };
  }

  next(name = "NEXT_KEY"): CommitChange {
    return this.world.set(this.state, name, "next").change;
  }
}

Deno.test("commits replay to the latest versions, with every change, its author and its time", () => {
  const filled = new Filled(), { world } = filled;
  filled.set("STRIPE_KEY", "three");
  const sid = filled.next("STRIPE_KEY").sid;
  filled.commit([{ sid, ver: 3, op: "delete", h: null }]);
  filled.set("STRIPE_KEY", "back");
  const last = verifyCommit(filled.commits.at(-1)!, place(world), context(world)).body;
  const deleted = verifyCommit(filled.commits[3]!, place(world), context(world)).body;
  assert.deepEqual([deleted.count, last.count], [1, 2]);
  const { environment, changes } = replayEnvironment(place(world), filled.commits, context(world));
  assert.deepEqual(environment, filled.state);
  const mine = changes.filter((change) => change.sid === sid);
  assert.deepEqual(mine.map(({ seq, ver, op }) => [seq, ver, op]), [[1, 1, "set"], [3, 2, "set"], [4, 3, "delete"], [
    5,
    4,
    "set",
  ]]);
  assert.ok(mine.every(({ author, at }) => "user" in author && author.user === world.owner.id && at === NOW));
});

Deno.test("a snapshot is taken when its head verifies, its items match and it extends the pin", () => {
  const filled = new Filled(), { world } = filled;
  assert.deepEqual(verifySnapshot(place(world), filled.snapshot(), context(world)), filled.state);
  assert.deepEqual(verifySnapshot(place(world), filled.snapshot(), context(world), filled.state.head), filled.state);
  const first = verifyCommit(filled.commits[0]!, place(world), context(world)).head;
  assert.deepEqual(verifySnapshot(place(world), filled.snapshot(1), context(world), first), filled.state);
  const none = { head: undefined, items: [] };
  assert.deepEqual(verifySnapshot(place(world), none, context(world)), emptyEnvironment(place(world)));
});

type BadSnapshot = readonly [what: string, code: ErrorCode, reason: RegExp, run: (filled: Filled) => unknown];
const verify = (f: Filled, snapshot: Snapshot, pin = f.state.head): unknown =>
  verifySnapshot(place(f.world), snapshot, context(f.world), pin);
const item = (f: Filled, change: (items: SnapshotItem[]) => SnapshotItem[]): Snapshot => ({
  ...f.snapshot(),
  items: change([...f.state.items.values()]),
});

const SNAPSHOTS: readonly BadSnapshot[] = [
  [
    "that omits a secret",
    "snapshot_invalid",
    /not those that were signed/,
    (f) => verify(f, item(f, (i) => i.slice(1))),
  ],
  [
    "with a secret too many",
    "snapshot_invalid",
    /not those that were signed/,
    (f) => verify(f, item(f, (i) => [...i, { sid: "ab".repeat(16) as Sid, ver: 1, h: HASH }])),
  ],
  [
    "with a swapped envelope",
    "snapshot_invalid",
    /not those that were signed/,
    (f) => verify(f, item(f, ([a, b]) => [{ ...a!, h: b!.h }, { ...b!, h: a!.h }])),
  ],
  ["with an older version of one secret", "snapshot_invalid", /not those that were signed/, (f) => {
    const [first] = f.state.items.values();
    f.set("STRIPE_KEY", "newer");
    return verify(f, item(f, (items) => items.map((i) => (i.sid === first!.sid ? first! : i))));
  }],
  ["with a deleted secret resurrected", "snapshot_invalid", /not those that were signed/, (f) => {
    const live = f.state.items.get(f.next("STRIPE_KEY").sid)!;
    f.commit([{ sid: live.sid, ver: 2, op: "delete", h: null }]);
    return verify(f, item(f, (items) => items.map((i) => (i.sid === live.sid ? live : i))));
  }],
  [
    "with a secret shown as deleted",
    "snapshot_invalid",
    /not those that were signed/,
    (f) => verify(f, item(f, ([a, b]) => [{ ...a!, h: null }, b!])),
  ],
  ["with a secret twice", "snapshot_invalid", /twice/, (f) => verify(f, item(f, (i) => [...i, i[0]!]))],
  ["with a count that was not signed", "snapshot_invalid", /count/, (f) => {
    const head = forge(f.commits.at(-1)!, (b) => ({ ...b, count: 7 }), f.world.owner.d);
    return verify(f, { ...f.snapshot(), head }, undefined);
  }],
  [
    "with secrets but no commit",
    "snapshot_invalid",
    /without a commit/,
    (f) => verifySnapshot(place(f.world), { ...f.snapshot(), head: undefined }, context(f.world)),
  ],
  [
    "that is empty though there was a commit",
    "pin_mismatch",
    /older/,
    (f) => verify(f, { head: undefined, items: [] }),
  ],
  ["that was rolled back", "pin_mismatch", /older/, (f) => {
    const old = f.snapshot();
    f.set("LATER_KEY", "x");
    return verify(f, old);
  }],
  ["that forks at the pin", "pin_mismatch", /contradicts/, (f) => {
    const base = f.state;
    f.set("LATER_KEY", "x");
    const head = f.world.commit(base, [f.world.set(base, "FORK", "y").change]);
    const items = [...appendCommits(base, [head], context(f.world)).items.values()];
    return verify(f, { head, items });
  }],
  ["that is ahead of the pin on another branch", "pin_mismatch", /contradicts/, (f) => {
    const base = f.state, { world } = f;
    f.set("LATER_KEY", "x");
    const pin = f.state.head;
    const one = world.commit(base, [world.set(base, "FORK", "y").change]);
    const middle = appendCommits(base, [one], context(world));
    const two = world.commit(middle, [world.set(middle, "FORK2", "y").change]);
    const items = [...appendCommits(middle, [two], context(world)).items.values()];
    return verify(f, { head: two, items, since: [two] }, pin);
  }],
  ["that is ahead of the pin without showing the way", "pin_mismatch", /contradicts/, (f) => {
    const pin = f.state.head;
    f.set("LATER_KEY", "x");
    return verify(f, f.snapshot(), pin);
  }],
  ["whose way from the pin has a gap", "pin_mismatch", /contradicts/, (f) => {
    const pin = f.state.head;
    f.set("LATER_KEY", "x");
    f.set("LATER_KEY", "y");
    return verify(f, f.snapshot(f.commits.length - 1), pin);
  }],
  ["whose way from the pin skips a number", "pin_mismatch", /contradicts/, (f) => {
    const pin = f.state.head, { change } = f.world.set(f.state, "LATER_KEY", "x");
    const head = forge(f.world.commit(f.state, [change]), (b) => ({ ...b, seq: 9 }), f.world.owner.d);
    const items = [...f.state.items.values(), { sid: change.sid, ver: change.ver, h: change.h }];
    return verify(f, { head, items, since: [head] }, pin);
  }],
  ["whose way from the pin holds a commit by a stranger", "log_invalid", /may not write/, (f) => {
    const pin = f.state.head, { world } = f, stranger = world.meet("stranger");
    const bad = world.commit(f.state, [f.next()], stranger);
    const after: EnvironmentState = { ...f.state, head: { seq: 3, hash: hashOf(bad) } };
    const { change } = world.set(after, "ANOTHER", "x");
    const head = world.commit(after, [change]);
    const items = [...after.items.values(), { sid: change.sid, ver: change.ver, h: change.h }];
    return verify(f, { head, items, since: [bad, head] }, pin);
  }],
  [
    "of another environment",
    "log_invalid",
    /another environment/,
    (f) =>
      verifySnapshot({ ...place(f.world), env: "e_zzzzzzzzzzzzzzzz" as EnvironmentId }, f.snapshot(), context(f.world)),
  ],
  ["of another workspace", "log_invalid", /another environment/, (f) => {
    const other = { ...f.world.ws, id: `w_${"a".repeat(32)}` as never };
    return verifySnapshot(place(f.world), f.snapshot(), { workspace: other, accounts: f.world.accounts });
  }],
];

function hashOf(entry: SignedEntry): string {
  return envelopeHash(Uint8Array.fromBase64(entry.body, { alphabet: "base64url" }));
}

for (const [what, code, reason, run] of SNAPSHOTS) {
  Deno.test(`no snapshot ${what} is taken`, () => {
    const filled = new Filled();
    refused(code, reason, () => run(filled));
  });
}

type BadCommit = readonly [what: string, reason: RegExp, entry: (filled: Filled) => SignedEntry];
const COMMITS: readonly BadCommit[] = [
  ["a gap in seq", /says that it is entry/, (f) => reforge(f, (b) => ({ ...b, seq: 9 }))],
  ["another prev", /does not follow/, (f) => reforge(f, (b) => ({ ...b, prev: HASH }))],
  ["another environment", /another environment/, (f) => reforge(f, (b) => ({ ...b, env: "e_zzzzzzzzzzzzzzzz" }))],
  ["another project", /another environment/, (f) => reforge(f, (b) => ({ ...b, project: "p_zzzzzzzzzzzzzzzz" }))],
  ["another workspace", /another environment/, (f) => reforge(f, (b) => ({ ...b, ws: `w_${"a".repeat(32)}` }))],
  ["an unknown field", /known form/, (f) => reforge(f, (b) => ({ ...b, extra: 1 }))],
  ["an unknown version of the format", /known form/, (f) => reforge(f, (b) => ({ ...b, v: 2 }))],
  ["no changes", /known form/, (f) => reforge(f, (b) => ({ ...b, changes: [] }))],
  [
    "a tombstone with a hash",
    /known form/,
    (f) => reforge(f, (b) => ({ ...b, changes: [{ sid: "ab".repeat(16), ver: 1, op: "delete", h: HASH }] })),
  ],
  ["an old epoch", /epoch/, (f) => {
    f.world.append(f.world.owner, "env.rotate", f.world.envRotation(2, [f.world.owner]));
    return f.world.commit(f.state, [f.next()]);
  }],
  [
    "an epoch that is not there yet",
    /epoch/,
    (f) => f.world.commit(f.state, [f.next()], f.world.owner, f.world.owner.d, f.world.ws.head, 2),
  ],
  [
    "a place of the workspace log that is not there",
    /not the real one/,
    (f) => f.world.commit(f.state, [f.next()], f.world.owner, f.world.owner.d, { seq: 99, hash: HASH }),
  ],
  [
    "a place of the workspace log with another hash",
    /not the real one/,
    (f) => f.world.commit(f.state, [f.next()], f.world.owner, f.world.owner.d, { seq: 3, hash: HASH }),
  ],
  ["a place of the workspace log before the environment was", /no such environment/, (f) => {
    const state = { ...f.state, head: undefined, wsSeq: 0, items: new Map() };
    f.state = state;
    return f.world.commit(state, [f.world.set(state, "X", "x").change], f.world.owner, f.world.owner.d, {
      seq: 1,
      hash: f.world.ws.hashes[0]!,
    });
  }],
  ["an older place of the workspace log than the commit before it", /older workspace log/, (f) => {
    const at = f.world.ws.head;
    f.world.admit("someone", "member");
    f.set("LATER_KEY", "x");
    return f.world.commit(f.state, [f.next()], f.world.owner, f.world.owner.d, at);
  }],
  ["a deleted environment", /was deleted/, (f) => {
    f.world.append(f.world.owner, "env.delete", { project: f.world.project, env: f.world.env });
    return f.world.commit(f.state, [f.next()]);
  }],
  [
    "a signature by another than its author",
    /not signed by its author/,
    (f) => reforge(f, (b) => b, f.world.meet("x").d),
  ],
  ["a signature too many", /not signed by its author/, (f) => reforge(f, (b) => b, f.world.owner.d, f.world.owner.a)],
  ["an author who is no member", /may not write/, (f) => f.world.commit(f.state, [f.next()], f.world.meet("stranger"))],
  [
    "an author who may only read",
    /may not write/,
    (f) => f.world.commit(f.state, [f.next()], f.world.admit("reader", "member", false)),
  ],
  ["an author who was removed", /may not write/, (f) => {
    const gone = f.world.admit("gone", "admin");
    f.world.append(f.world.owner, "member.remove", { user_id: gone.id });
    return f.world.commit(f.state, [f.next()], gone);
  }],
  ["a key that is not the author's", /does not have that key/, (f) => {
    const stranger = f.world.meet("stranger");
    const author = { ...f.world.owner.author(), key: stranger.d.publicKeyText };
    return reforge(f, (b) => ({ ...b, author }), stranger.d);
  }],
  ["a place of an account log that is not the real one", /does not have that key/, (f) => {
    const author = { ...f.world.owner.author(f.world.owner.d), account: { seq: 2, hash: HASH } };
    return reforge(f, (b) => ({ ...b, author }));
  }],
  ["a device that was revoked", /does not have that key/, (f) => {
    const { owner } = f.world;
    owner.append("device.revoke", { device_id: deviceOf("d owner", owner.d).device_id }, owner.a);
    return f.world.commit(f.state, [f.next()]);
  }],
  ["a revoked device that hides behind an older place", /does not have that key/, (f) => {
    const { owner } = f.world, old = owner.author(owner.d);
    owner.append("device.revoke", { device_id: deviceOf("d owner", owner.d).device_id }, owner.a);
    f.world.append(owner, "allowlist.set", { version: 1, scope: "workspace", rules: [] });
    const input = { epoch: 1, wsHead: f.world.ws.head, author: old, changes: [f.next()], ts: NOW };
    return signEntry(buildCommit(f.state, input), owner.d);
  }],
  [
    "a version that was skipped",
    /skips or repeats/,
    (f) => f.world.commit(f.state, [{ ...f.next(), ver: 2 } as CommitChange]),
  ],
  [
    "a version that was there",
    /skips or repeats/,
    (f) => f.world.commit(f.state, [{ ...f.next("STRIPE_KEY"), ver: 1 } as CommitChange]),
  ],
  ["a secret changed twice", /twice/, (f) => f.world.commit(f.state, [f.next(), f.next()])],
  [
    "the deletion of what is not there",
    /deletes what is not there/,
    (f) => f.world.commit(f.state, [{ sid: "ab".repeat(16) as Sid, ver: 1, op: "delete", h: null }]),
  ],
  ["the deletion of what was deleted", /deletes what is not there/, (f) => {
    const { sid } = f.next("STRIPE_KEY");
    f.commit([{ sid, ver: 2, op: "delete", h: null }]);
    return f.world.commit(f.state, [{ sid, ver: 3, op: "delete", h: null }]);
  }],
  ["a wrong root", /its root/, (f) => reforge(f, (b) => ({ ...b, root: HASH }))],
  ["a wrong count", /its root/, (f) => reforge(f, (b) => ({ ...b, count: 1 }))],
];

function reforge(
  f: Filled,
  change: (body: Record<string, unknown>) => unknown,
  ...keys: readonly SigningKey[]
): SignedEntry {
  return forge(f.world.commit(f.state, [f.next()]), change, ...(keys.length === 0 ? [f.world.owner.d] : keys));
}

for (const [what, reason, entry] of COMMITS) {
  Deno.test(`no commit with ${what} is taken`, () => {
    const filled = new Filled(), bad = entry(filled), head = filled.state.head;
    refused("log_invalid", reason, () => appendCommits(filled.state, [bad], context(filled.world)));
    assert.deepEqual(filled.state.head, head);
  });
}

Deno.test("no commit is taken in an environment that is not there, or is another project's", () => {
  const filled = new Filled(), { world } = filled;
  for (
    const elsewhere of [
      { ...place(world), env: "e_zzzzzzzzzzzzzzzz" as EnvironmentId },
      { ...place(world), project: "p_zzzzzzzzzzzzzzzz" as ProjectId },
    ]
  ) {
    const state = emptyEnvironment(elsewhere);
    const entry = world.commit(state, [world.set(state, "KEY", "x").change]);
    refused("log_invalid", /no such environment/, () => appendCommits(state, [entry], context(world)));
  }
});

Deno.test("a commit whose author's account log is missing is refused", () => {
  const filled = new Filled(), entry = filled.world.commit(filled.state, [filled.next()]);
  const missing = { workspace: filled.world.ws, accounts: new Map() };
  refused("log_invalid", /does not have that key/, () => appendCommits(filled.state, [entry], missing));
});

Deno.test("the valid twin of the refused commits is taken, also by A and by a member who may write", () => {
  const filled = new Filled(), { world } = filled, writer = world.admit("writer", "member", true);
  filled.commit([filled.next()]);
  filled.commit([filled.next()], world.owner, world.owner.a);
  filled.commit([filled.next()], writer);
  assert.equal(filled.state.head?.seq, 5);
});

Deno.test("commits of someone who was removed later stay valid at their place", () => {
  const filled = new Filled(), { world } = filled, writer = world.admit("writer", "member", true);
  filled.commit([filled.next()], writer);
  world.append(world.owner, "member.remove", { user_id: writer.id });
  world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner]));
  assert.deepEqual(replayEnvironment(place(world), filled.commits, context(world)).environment, filled.state);
});

Deno.test("the server refuses what is no longer current: removed authors, old epochs, revoked devices, pending rotations", () => {
  const stale = (run: (filled: Filled, writer: Person) => void, code: ErrorCode, reason: RegExp): void => {
    const filled = new Filled(), { world } = filled, writer = world.admit("writer", "member", true);
    const entry = world.commit(filled.state, [filled.next()], writer);
    appendCommits(filled.state, [entry], context(world, NOW));
    run(filled, writer);
    appendCommits(filled.state, [entry], context(world));
    refused(code, reason, () => appendCommits(filled.state, [entry], context(world, NOW)));
  };
  stale(
    ({ world }, writer) => world.append(world.owner, "member.remove", { user_id: writer.id }),
    "stale_epoch",
    /rotated/,
  );
  stale(
    ({ world }, writer) => {
      world.append(world.owner, "env.rotate", world.envRotation(2, [world.owner, writer]));
    },
    "stale_epoch",
    /rotated/,
  );
  stale(
    (_, writer) => {
      writer.append("device.revoke", { device_id: deviceOf("d writer", writer.d).device_id }, writer.a);
    },
    "head_moved",
    /account log/,
  );
  stale(
    ({ world }) => {
      world.append(world.owner, "env.delete", { project: world.project, env: world.env });
    },
    "log_invalid",
    /was deleted/,
  );
  stale(
    ({ world }, writer) => {
      const grant = { project: world.project, env: world.env, recipient: writer.id, write: false, epoch: 1 };
      world.append(world.owner, "env.grant", { ...grant, ...world.envGrant(writer.x) });
    },
    "log_invalid",
    /any more/,
  );
});

Deno.test("an agent writes where its grant says, until it expires or is revoked", () => {
  const world = new World(), source = seededRandom("agent"), id = "a_aaaaaaaaaaaaaaaa" as AgentId;
  const s = SigningKey.generate(source), x = ReceivingKey.generate(source);
  const add = (write: boolean, expires: number | null): void =>
    world.append(world.owner, "agent.add", {
      agent_id: id,
      sig_pk: s.publicKeyText,
      enc_pk: x.publicKeyText,
      names: world.names("ci", id),
      grants: [{ project: world.project, env: world.env, write, epoch: 1, grant_hash: world.envGrant(x).grant_hash }],
      policy: { allow: null, deny: [], domains: null, methods: null },
      expires,
    });
  add(true, NOW + 10);
  const state = emptyEnvironment(place(world));
  const commit = (ts: number, key = s): SignedEntry => {
    const author = { agent: id, key: key.publicKeyText };
    const changes = [world.set(state, "KEY", "x").change];
    return signEntry(buildCommit(state, { epoch: 1, wsHead: world.ws.head, author, changes, ts }), key);
  };
  const good = commit(NOW);
  assert.equal(appendCommits(state, [good], context(world, NOW)).head?.seq, 1);
  refused("log_invalid", /expired/, () => appendCommits(state, [commit(NOW + 11)], context(world)));
  refused("log_invalid", /expired/, () => appendCommits(state, [good], context(world, NOW + 11)));
  refused("log_invalid", /that key/, () => appendCommits(state, [commit(NOW, world.owner.d)], context(world)));
  world.append(world.owner, "agent.revoke", { agent_id: id });
  refused("log_invalid", /may not write/, () => appendCommits(state, [commit(NOW)], context(world)));
  assert.equal(appendCommits(state, [good], context(world)).head?.seq, 1);
});

Deno.test("the largest secret fits the largest envelope", () => {
  const world = new World(), at = emptyEnvironment(place(world));
  const { sid } = world.set(at, "BIG", "x").change;
  const content = {
    name: parseSecretName("BIG"),
    value: Secret.fromText("\u0001".repeat(MAX_VALUE_BYTES)),
    binding: {
      domains: Array.from({ length: 50 }, (_, i) => `host-${i}.${"x".repeat(100)}.example`),
      methods: ["GET"],
    },
  };
  const envelope = sealSecret(world.keys, { ...world.envPlace(), sid, ver: 1 }, content, world.random);
  assert.ok(envelope.length <= MAX_ENVELOPE_BYTES);
});
