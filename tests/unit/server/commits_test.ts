import assert from "node:assert/strict";
import { HeadMoved } from "../../../src/cloud/client.ts";
import { sha256Text } from "../../../src/crypto/verify/sha256.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { SigningKey } from "../../../src/crypto/keys.ts";
import { fillerEnvelope, Person, sidOf, TestServer, TestWorkspace } from "../../support/sync_server.ts";

async function setUp(): Promise<
  {
    server: TestServer;
    owner: Person;
    workspace: TestWorkspace;
    env: Awaited<ReturnType<TestWorkspace["createEnvironment"]>>;
  }
> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const workspace = await TestWorkspace.found(owner);
  const env = await workspace.createEnvironment();
  return { server, owner, workspace, env };
}

Deno.test("a commit is stored with its envelopes and comes back byte for byte", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const value = fillerEnvelope(server.random);
  const { commit, envelopes } = env.commit({ A: value });
  const { head } = await owner.client.postCommit(env.id, 0, commit, envelopes);
  const snapshot = await owner.client.snapshot(env.id);
  assert.deepEqual(snapshot.head, head);
  assert.deepEqual(snapshot.commit, commit);
  assert.deepEqual(snapshot.items, [{ sid: sidOf("A"), ver: 1, seq: 1, h: sha256Text(value), envelope: value }]);
  assert.deepEqual((await owner.client.environment(env.id)).head, head);
  assert.deepEqual((await owner.client.commits(env.id)).commits, [commit]);
});

Deno.test("versions and tombstones are kept, newest first", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const [one, two] = [fillerEnvelope(server.random), fillerEnvelope(server.random)];
  await env.push({ A: one, B: fillerEnvelope(server.random) });
  await env.push({ A: two });
  await env.push({}, ["A"]);
  const versions = await owner.client.versions(env.id, sidOf("A"));
  assert.deepEqual(versions.map(({ ver, seq, envelope }) => ({ ver, seq, envelope })), [
    { ver: 3, seq: 3, envelope: null },
    { ver: 2, seq: 2, envelope: two },
    { ver: 1, seq: 1, envelope: one },
  ]);
  assert.deepEqual(await owner.client.versions(env.id, sidOf("never")), []);
  const { items } = await owner.client.snapshot(env.id);
  assert.equal(items.find(({ sid }) => sid === sidOf("A"))!.h, null);
});

Deno.test("of two commits with the same place the second is told where the head went, and nothing of it is stored", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const first = env.commit({ A: fillerEnvelope(server.random) });
  const second = env.commit({ B: fillerEnvelope(server.random) });
  const { head } = await owner.client.postCommit(env.id, 0, first.commit, first.envelopes);
  await assert.rejects(owner.client.postCommit(env.id, 0, second.commit, second.envelopes), (error) => {
    assert.ok(isAppError(error, "head_moved"));
    assert.ok(error.cause instanceof HeadMoved);
    assert.deepEqual(error.cause.head, head);
    return true;
  });
  assert.equal((await owner.client.snapshot(env.id)).items.length, 1);
});

Deno.test("a commit under a rotated epoch is refused as stale", async () => {
  const { server, owner, workspace, env } = await setUp();
  await using _ = server;
  const old = env.commit({ A: fillerEnvelope(server.random) });
  const after = workspace.state.head.seq;
  const wrap = server.random(120);
  const { project } = env.state.place;
  const { entry, grant } = workspace.rotation(project, env.id, 2, sha256Text(wrap));
  await owner.client.appendWorkspaceLog(workspace.id, after, {
    entries: [entry],
    grants: [grant],
    blobs: [{ data: wrap }],
  });
  await assert.rejects(owner.client.postCommit(env.id, 0, old.commit, old.envelopes), { code: "stale_epoch" });
  await env.push({ A: fillerEnvelope(server.random, 2) });
  assert.equal((await owner.client.environment(env.id)).epoch, 2);
});

Deno.test("a commit needs exactly the envelopes that it names", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const { commit, envelopes } = env.commit({ A: fillerEnvelope(server.random), B: fillerEnvelope(server.random) });
  const other = fillerEnvelope(server.random);
  for (
    const wrong of [[], envelopes.slice(1), [...envelopes, other], [envelopes[0]!, other], [
      ...envelopes,
      envelopes[0]!,
    ]]
  ) {
    await assert.rejects(owner.client.postCommit(env.id, 0, commit, wrong), { code: "bad_request" });
  }
  assert.equal((await owner.client.snapshot(env.id)).items.length, 0);
});

Deno.test("an envelope of another kind or epoch is refused", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const otherEpoch = fillerEnvelope(server.random, 2);
  const otherKind = fillerEnvelope(server.random);
  otherKind[3] = 7;
  for (const envelope of [otherEpoch, otherKind, server.random(7), server.random(300)]) {
    const { commit, envelopes } = env.commit({ A: envelope });
    await assert.rejects(owner.client.postCommit(env.id, 0, commit, envelopes), { code: "bad_request" });
  }
});

Deno.test("a commit signed by a key that is not the author's is refused", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const stranger = SigningKey.generate(server.random);
  const { commit, envelopes } = env.commit({ A: fillerEnvelope(server.random) }, [], { key: stranger });
  await assert.rejects(owner.client.postCommit(env.id, 0, commit, envelopes), { code: "log_invalid" });
  const good = env.commit({ A: fillerEnvelope(server.random) });
  const forged = { ...good.commit, sigs: [{ ...good.commit.sigs[0]!, sig: commit.sigs[0]!.sig }] };
  await assert.rejects(owner.client.postCommit(env.id, 0, forged, good.envelopes), { code: "signature_invalid" });
});

Deno.test("a revoked device writes nothing more, and its sessions have ended", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const lost = new Person(server);
  const add = owner.deviceAdd(owner.account, lost.deviceId, lost.device);
  await owner.client.appendAccountLog(owner.account.head.seq, [add]);
  const { buildAccountEntry } = await import("../../../src/ledger/build_entry.ts");
  const { appendAccountEntries } = await import("../../../src/ledger/account_log.ts");
  const { signEntry } = await import("../../../src/crypto/sign_entry.ts");
  owner.account = appendAccountEntries(owner.account, [add]);
  lost.account = owner.account;
  const session = await lost.client.renew();
  await lost.client.account();
  const written = env.commit({ A: fillerEnvelope(server.random) }, [], { key: lost.device });
  const revoke = signEntry(
    buildAccountEntry(owner.account, "device.revoke", { device_id: lost.deviceId }, 1),
    owner.admin,
  );
  await owner.client.appendAccountLog(owner.account.head.seq, [revoke]);
  assert.equal((await server.raw("GET", "/v1/account", { token: session.token })).status, 401);
  await assert.rejects(lost.client.account(), { code: "not_logged_in" });
  await assert.rejects(owner.client.postCommit(env.id, 0, written.commit, written.envelopes), { code: "head_moved" });
});

Deno.test("the largest envelope fits, one byte more does not", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const { MAX_ENVELOPE_BYTES } = await import("../../../src/contract/limits.ts");
  await env.push({ A: fillerEnvelope(server.random, 1, MAX_ENVELOPE_BYTES) });
  const { commit } = env.commit({ A: fillerEnvelope(server.random, 1, MAX_ENVELOPE_BYTES + 1) });
  const envelope = "A".repeat(Math.ceil(((MAX_ENVELOPE_BYTES + 1) * 4) / 3));
  const path = `/v1/envs/${env.id}/commits`, headers = { "if-match": '"1"' };
  const answer = await server.raw("POST", path, {
    headers,
    token: owner.token,
    body: { commit, envelopes: [envelope] },
  });
  assert.equal(answer.json["code"], "bad_request");
});

Deno.test("a thousand ordinary secrets fit one commit", async () => {
  const { server, owner, env } = await setUp();
  await using _ = server;
  const set = Object.fromEntries(
    Array.from({ length: 1000 }, (_, i) => [`N${i}`, fillerEnvelope(server.random, 1, 1112)]),
  );
  await env.push(set);
  assert.equal((await owner.client.snapshot(env.id)).items.length, 1000);
});
