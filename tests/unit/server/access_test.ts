import assert from "node:assert/strict";
import { type EndpointName, ENDPOINTS } from "../../../src/contract/endpoints.ts";
import { fillerEnvelope, Person, sidOf, TestServer, TestWorkspace } from "../../support/sync_server.ts";

const NAMES = Object.keys(ENDPOINTS) as EndpointName[];

interface World {
  readonly server: TestServer;
  readonly owner: Person;
  readonly stranger: Person;
  readonly bodies: Partial<Record<EndpointName, unknown>>;
  pathOf(name: EndpointName): string;
}

/** Somebody with everything, and a stranger with an account. */
async function setUp(): Promise<World> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const stranger = await new Person(server).register();
  const workspace = await TestWorkspace.found(owner);
  const env = await workspace.createEnvironment();
  await env.push({ A: fillerEnvelope(server.random) });
  const { commit, envelopes } = env.commit({ B: fillerEnvelope(server.random) });
  const params: Record<string, string> = {
    ws: workspace.id,
    env: env.id,
    sid: sidOf("A"),
    user: owner.userId,
    session: "current",
  };
  const log = {
    entries: [workspace.entry(owner.device, "ws.update", { names: "A".repeat(160) })],
    grants: [],
    blobs: [],
  };
  return {
    server,
    owner,
    stranger,
    bodies: {
      postCommit: { commit, envelopes: envelopes.map((e) => e.toBase64({ alphabet: "base64url", omitPadding: true })) },
      postWorkspace: log,
      postWorkspaceLog: log,
      postAccountLog: { entries: [owner.entries[1]] },
      putPins: { data: "AAAA" },
      postAudit: { source: owner.deviceId, after: 0, events: ["AAAA"], head: owner.entries[1] },
    },
    pathOf: (name) => ENDPOINTS[name].path.replace(/:([a-z]+)/g, (_, param) => params[param]!),
  };
}

Deno.test("every endpoint that needs a session refuses without one, with a made-up one and with a step-up in its place", async () => {
  const { server, owner, bodies, pathOf } = await setUp();
  await using _ = server;
  const guarded = NAMES.filter((name) => ENDPOINTS[name].access === "session");
  assert.ok(guarded.length >= 20);
  for (const name of guarded) {
    const { method } = ENDPOINTS[name];
    for (const token of [undefined, `ses1_${"A".repeat(43)}`, owner.stepUp!.token, "", "x"]) {
      const options = { body: bodies[name], headers: { "if-match": '"1"' }, ...(token !== undefined && { token }) };
      const { status, json } = await server.raw(method, pathOf(name), options);
      assert.equal(status, 401, name);
      assert.equal(json["code"], "not_logged_in", name);
    }
  }
});

Deno.test("to a stranger with an account another's things are not there", async () => {
  const { server, owner, stranger, bodies, pathOf } = await setUp();
  await using _ = server;
  const others = NAMES.filter((name) => /:(ws|env|user)\b/.test(ENDPOINTS[name].path));
  assert.ok(others.length >= 11);
  for (const name of others) {
    const { method } = ENDPOINTS[name];
    const send = (token: string): ReturnType<TestServer["raw"]> =>
      server.raw(method, pathOf(name), { token, body: bodies[name], headers: { "if-match": '"1"' } });
    const { status, json } = await send(stranger.token);
    assert.equal(status, 404, name);
    assert.equal(json["code"], "not_on_server", name);
    assert.notEqual((await send(owner.token)).json["code"], "not_on_server", `${name} is there for its owner`);
  }
});

Deno.test("what is nobody's looks the same as what is another's", async () => {
  const { server, stranger, pathOf } = await setUp();
  await using _ = server;
  const { json: theirs } = await server.raw("GET", pathOf("getEnvironment"), { token: stranger.token });
  for (const id of ["e_aaaaaaaaaaaaaaaa", "E_", "e_aaaaaaaaaaaaaaaa%00", "..%2f..", "e_AAAAAAAAAAAAAAAA"]) {
    const { status, json } = await server.raw("GET", `/v1/envs/${id}`, { token: stranger.token });
    assert.equal(status, 404, id);
    assert.deepEqual(json, theirs);
  }
});

Deno.test("nobody sends entries, commits or audit events in another's name", async () => {
  const { server, stranger, owner, bodies } = await setUp();
  await using _ = server;
  const asStranger = { token: stranger.token, headers: { "if-match": '"2"' } };
  const account = await server.raw("POST", "/v1/account/log", { ...asStranger, body: bodies.postAccountLog });
  assert.equal(account.json["code"], "log_invalid");
  const workspace = await server.raw("POST", "/v1/workspaces", { ...asStranger, body: bodies.postWorkspace });
  assert.equal(workspace.json["code"], "bad_request");
  assert.deepEqual(await stranger.client.workspaces(), []);
  assert.equal((await owner.client.workspaces()).length, 1);
});

Deno.test("a member without a grant reads nothing of an environment, with a read grant writes nothing", async () => {
  const { server, owner, stranger, bodies, pathOf } = await setUp();
  await using _ = server;
  const [workspace] = await owner.client.workspaces();
  const ws = workspace!.workspace_id;
  const environmentId = pathOf("getEnvironment").split("/").at(-1)!;
  const members = [owner, stranger].map(({ userId }, i) => ({ userId, role: i === 0 ? "owner" : "member" }));
  await server.store.write((tx) => tx.setMembers(ws, members));
  const { token } = stranger;
  assert.equal((await server.raw("GET", pathOf("getSnapshot"), { token })).status, 404);
  assert.equal((await server.raw("GET", pathOf("getAudit"), { token })).json["code"], "role_required");
  await server.store.write((tx) => tx.setAccess(ws, [{ environmentId, recipient: stranger.userId, write: false }]));
  assert.equal((await server.raw("GET", pathOf("getSnapshot"), { token })).status, 200);
  const commit = { token, body: bodies.postCommit, headers: { "if-match": '"1"' } };
  assert.equal((await server.raw("POST", pathOf("postCommit"), commit)).json["code"], "role_required");
});
