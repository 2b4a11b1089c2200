import assert from "node:assert/strict";
import { IDEMPOTENCY_TTL_MS } from "../../../src/contract/limits.ts";
import { SqliteBlobStore } from "../../../src/adapters/blob_store/sqlite.ts";
import { createSyncServer } from "../../../src/server/app.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import { fillerEnvelope, Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

const KEY = "idempotency-key-01";

async function setUp(): Promise<{ server: TestServer; owner: Person; path: string; body: string; second: string }> {
  const server = await TestServer.start();
  const owner = await new Person(server).register();
  const env = await (await TestWorkspace.found(owner)).createEnvironment();
  const bodyOf = (name: string): string => {
    const { commit, envelopes } = env.commit({ [name]: fillerEnvelope(server.random) });
    return JSON.stringify({ commit, envelopes: envelopes.map(toBase64Url) });
  };
  return { server, owner, path: `/v1/envs/${env.id}/commits`, body: bodyOf("A"), second: bodyOf("B") };
}

function headers(key: string = KEY): Record<string, string> {
  return { "idempotency-key": key, "if-match": '"0"' };
}

Deno.test("the same request under the same key gets the same answer and writes once, also after a restart", async () => {
  const { server, owner, path, body } = await setUp();
  await using _ = server;
  const { token } = owner;
  const first = await server.raw("POST", path, { token, body, headers: headers() });
  assert.equal(first.status, 201);
  const again = await server.raw("POST", path, { token, body, headers: headers() });
  assert.deepEqual([again.status, again.json], [first.status, first.json]);
  const other = await SqliteBlobStore.open({ path: server.path, suffix: "other", clock: server.clock });
  const { clock, random } = server;
  const restarted = createSyncServer({
    store: async () => other,
    clock,
    random,
    origin: "embedded:local",
    registration: { kind: "open" },
    version: "0",
    showStorageFailures: true,
  });
  const request = new Request(`http://test.invalid${path}`, {
    method: "POST",
    body,
    headers: { ...headers(), authorization: `Bearer ${token}`, "content-type": "application/json" },
  });
  const response = await restarted(request);
  assert.deepEqual(await response.json(), first.json);
  await other.close();
});

Deno.test("another request under a used key is refused, also one with another If-Match", async () => {
  const { server, owner, path, body, second } = await setUp();
  await using _ = server;
  const { token } = owner;
  await server.raw("POST", path, { token, body, headers: headers() });
  const changed = await server.raw("POST", path, { token, body: second, headers: headers() });
  assert.equal(changed.json["code"], "bad_request");
  const moved = await server.raw("POST", path, { token, body, headers: { ...headers(), "if-match": '"1"' } });
  assert.equal(moved.json["code"], "bad_request");
});

Deno.test("a refusal is not kept: the corrected request may use the key", async () => {
  const { server, owner, path, body } = await setUp();
  await using _ = server;
  const { token } = owner;
  const wrong = await server.raw("POST", path, { token, body, headers: { ...headers(), "if-match": '"7"' } });
  assert.equal(wrong.status, 412);
  assert.equal((await server.raw("POST", path, { token, body, headers: headers() })).status, 201);
});

Deno.test("a key is its user's own, and is forgotten after a day", async () => {
  const { server, owner, path, body } = await setUp();
  await using _ = server;
  const stranger = await new Person(server).register();
  assert.equal((await server.raw("POST", path, { token: owner.token, body, headers: headers() })).status, 201);
  assert.equal((await server.raw("POST", path, { token: stranger.token, body, headers: headers() })).status, 404);
  await server.clock.advance(IDEMPOTENCY_TTL_MS);
  assert.equal((await server.raw("POST", path, { token: owner.token, body, headers: headers() })).status, 412);
});

Deno.test("malformed keys are refused", async () => {
  const { server, owner, path, body } = await setUp();
  await using _ = server;
  for (const key of ["short", "x".repeat(65), "sixteen chars ok?"]) {
    const answer = await server.raw("POST", path, { token: owner.token, body, headers: headers(key) });
    assert.equal(answer.json["code"], "bad_request", key);
  }
});
