import assert from "node:assert/strict";
import { sha256Text } from "../../../src/crypto/verify/sha256.ts";
import { Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

async function setUp(): Promise<{ server: TestServer; owner: Person; workspace: TestWorkspace }> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  return { server, owner, workspace: await TestWorkspace.found(owner) };
}

Deno.test("a workspace is listed for its founder with its head", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const expected = [{ workspace_id: workspace.id, role: "owner", head: workspace.state.head }];
  assert.deepEqual(await owner.client.workspaces(), expected);
  assert.deepEqual((await owner.client.workspaceLog(workspace.id)).head, workspace.state.head);
});

Deno.test("entries, grants and blobs are stored together and come back byte for byte", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const { batch, project, env, after } = workspace.environmentBatch();
  await owner.client.appendWorkspaceLog(workspace.id, after, batch);
  const wrap = server.random(120);
  const { entry, grant } = workspace.rotation(project, env, 2, sha256Text(wrap));
  await owner.client.appendWorkspaceLog(workspace.id, 4, {
    entries: [entry],
    grants: [grant],
    blobs: [{ data: wrap }],
  });
  const { grants, blobs } = await owner.client.grants(workspace.id);
  assert.deepEqual(grants.map(({ entry_seq, sealed }) => ({ entry_seq, sealed })), [
    { entry_seq: 4, sealed: batch.grants[0]!.sealed },
    { entry_seq: 5, sealed: grant.sealed },
  ]);
  assert.deepEqual(blobs, [{ entry_seq: 5, hash: sha256Text(wrap), data: wrap }]);
  assert.equal((await owner.client.grants(workspace.id, 4)).grants.length, 1);
  assert.deepEqual((await owner.client.workspaceLog(workspace.id, 1)).entries, [...batch.entries, entry]);
});

Deno.test("a batch with a grant or blob missing, changed, doubled, for another or too many stores nothing", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const stranger = await new Person(server).register();
  const { batch, env, after } = workspace.environmentBatch();
  const [grant] = batch.grants;
  const changed = { ...grant!, sealed: server.random(140) };
  const wrong = [
    { ...batch, grants: [] },
    { ...batch, grants: [changed] },
    { ...batch, grants: [grant!, grant!] },
    { ...batch, grants: [grant!, changed] },
    { ...batch, grants: [{ ...grant!, recipient: stranger.userId }] },
    { ...batch, blobs: [{ data: server.random(10) }] },
  ];
  for (const one of wrong) {
    await assert.rejects(owner.client.appendWorkspaceLog(workspace.id, after, one), { code: "bad_request" });
  }
  assert.equal((await owner.client.workspaceLog(workspace.id)).entries.length, 1);
  await assert.rejects(owner.client.environment(env), { code: "not_on_server" });
  await owner.client.appendWorkspaceLog(workspace.id, after, batch);
});

Deno.test("a batch with one bad entry stores none of its entries", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const { batch, after } = workspace.environmentBatch();
  const entries = batch.entries.map((entry, i) => i < 2 ? entry : { ...entry, sigs: batch.entries[0]!.sigs });
  await assert.rejects(owner.client.appendWorkspaceLog(workspace.id, after, { ...batch, entries }), {
    code: "signature_invalid",
  });
  assert.equal((await owner.client.workspaceLog(workspace.id)).entries.length, 1);
});

Deno.test("an append that builds on an older head is told where the head is", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const first = workspace.environmentBatch();
  await owner.client.appendWorkspaceLog(workspace.id, first.after, first.batch);
  await assert.rejects(owner.client.appendWorkspaceLog(workspace.id, 1, first.batch), { code: "head_moved" });
});

Deno.test("a deleted environment is gone for readers and writers, a deleted workspace for everyone", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const [one, two] = [await workspace.createEnvironment(), await workspace.createEnvironment()];
  const remove = workspace.entry(owner.device, "project.delete", { project: one.state.place.project });
  const none = { grants: [], blobs: [] };
  await owner.client.appendWorkspaceLog(workspace.id, seqBefore(workspace), { entries: [remove], ...none });
  await assert.rejects(owner.client.snapshot(one.id), { code: "not_on_server" });
  await owner.client.snapshot(two.id);
  const end = workspace.entry(owner.admin, "ws.delete", {});
  const batch = { entries: [end], ...none };
  await owner.client.appendWorkspaceLog(workspace.id, seqBefore(workspace), batch, { stepUp: owner.stepUp! });
  await assert.rejects(owner.client.snapshot(two.id), { code: "not_on_server" });
  assert.deepEqual(await owner.client.workspaces(), []);
});

function seqBefore(workspace: TestWorkspace): number {
  return workspace.state.head.seq - 1;
}

Deno.test("an environment's id belongs to the workspace that had it first", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const env = await workspace.createEnvironment();
  const other = await TestWorkspace.found(owner);
  const project = env.state.place.project;
  const create = other.entry(owner.device, "project.create", {
    project,
    names: "A".repeat(160),
    name_key_commit: sha256Text(server.random(32)),
  });
  const stolen = other.entry(owner.device, "env.create", {
    project,
    env: env.id,
    names: "A".repeat(160),
    protected: false,
  });
  const batch = { entries: [create, stolen], grants: [], blobs: [] };
  await assert.rejects(owner.client.appendWorkspaceLog(other.id, 1, batch), { code: "bad_request" });
  assert.equal((await owner.client.environment(env.id)).workspace_id, workspace.id);
});

Deno.test("a log longer than a page arrives whole", async () => {
  const { server, owner, workspace } = await setUp();
  await using _ = server;
  const entries = Array.from(
    { length: 600 },
    () => workspace.entry(owner.device, "ws.update", { names: "A".repeat(160) }),
  );
  await owner.client.appendWorkspaceLog(workspace.id, 1, { entries, grants: [], blobs: [] });
  assert.deepEqual((await owner.client.workspaceLog(workspace.id, 1)).entries, entries);
  const page = await server.raw("GET", `/v1/workspaces/${workspace.id}/log`, { token: owner.token });
  assert.equal((page.json["entries"] as unknown[]).length, 500);
});
