import assert from "node:assert/strict";
import { MAX_BODY_BYTES } from "../../../src/contract/limits.ts";
import { PROBLEM_TYPE } from "../../../src/contract/problem.ts";
import { Person, TestServer } from "../../support/sync_server.ts";

Deno.test("a refusal is an RFC 9457 problem with a stable code, and nothing is cached or sniffed", async () => {
  await using server = await TestServer.start();
  const { status, headers, json } = await server.raw("GET", "/v1/account");
  assert.equal(status, 401);
  assert.equal(headers.get("content-type"), PROBLEM_TYPE);
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.deepEqual(json, {
    type: "urn:agentsecrets:problem:not_logged_in",
    title: "Cannot do this: nobody is logged in",
    status: 401,
    code: "not_logged_in",
    fields: {},
  });
});

Deno.test("health, readiness and version need no session", async () => {
  await using server = await TestServer.start();
  assert.deepEqual((await server.raw("GET", "/healthz")).json, { status: "ok" });
  assert.deepEqual((await server.raw("GET", "/readyz")).json, { status: "ok" });
  assert.deepEqual((await server.raw("GET", "/version")).json, { name: "agentsecrets", version: "0.0.0-test", api: 1 });
});

Deno.test("bodies that are no JSON, not UTF-8, of another type or with another field are refused without quoting them", async () => {
  await using server = await TestServer.start();
  const path = "/v1/auth/challenge";
  const canary = "canary-5f1d";
  const bodies: readonly unknown[] = ["", "{", canary, `"${canary}"`, [], null, 7, { [canary]: 1 }, {
    __proto__x: canary,
  }];
  for (const body of bodies) {
    const text = typeof body === "string" ? body : JSON.stringify(body);
    const { status, json } = await server.raw("POST", path, { body: text });
    assert.equal(status, 400, text);
    assert.equal(json["code"], "bad_request");
    assert.ok(!JSON.stringify(json).includes(canary), text);
  }
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""]) {
    assert.equal((await server.raw("POST", path, { body: "{}", headers: { "content-type": type } })).status, 400, type);
  }
  const invalid = new Request(`http://test.invalid${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: new Uint8Array([0x22, 0xff, 0x22]),
  });
  assert.equal((await server.handle(invalid)).status, 400);
});

Deno.test("own __proto__ and constructor fields are unknown fields like others", async () => {
  await using server = await TestServer.start();
  for (const body of ['{"__proto__":{"x":1}}', '{"constructor":1}', '{"toString":1}']) {
    assert.equal((await server.raw("POST", "/v1/auth/challenge", { body })).status, 400, body);
  }
});

Deno.test("a body is read no further than its limit, declared or not", async () => {
  await using server = await TestServer.start();
  const url = "http://test.invalid/v1/auth/challenge";
  const headers = { "content-type": "application/json" };
  const declared = new Request(url, {
    method: "POST",
    headers: { ...headers, "content-length": String(MAX_BODY_BYTES + 1) },
    body: "{}",
  });
  assert.equal((await server.handle(declared)).status, 413);
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller): void {
      // Endless for the server; it ends here only so that a server without the limit fails the test and does not hang it.
      if (++pulled > 100) controller.close();
      else controller.enqueue(new Uint8Array(64 * 1024));
    },
  });
  const response = await server.handle(new Request(url, { method: "POST", headers, body: endless }));
  assert.equal(response.status, 413);
  assert.ok(pulled <= 20, `${pulled} chunks`);
});

Deno.test("a body where none belongs is refused", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const { status } = await server.raw("DELETE", "/v1/sessions/current", { token: person.token, body: "{}" });
  assert.equal(status, 413);
});

Deno.test("query parameters that the contract does not name, or given twice, are refused", async () => {
  await using server = await TestServer.start();
  const { token } = await new Person(server).register();
  for (const query of ["x=1", "after=1&after=2", "after=-1", "after=1e3", "after=", "after=99999999999999999999"]) {
    assert.equal((await server.raw("GET", `/v1/account/log?${query}`, { token })).status, 400, query);
  }
  assert.equal((await server.raw("GET", "/v1/account/log?after=1", { token })).status, 200);
});

Deno.test("unknown paths and methods are not there", async () => {
  await using server = await TestServer.start();
  for (
    const [method, path] of [["GET", "/"], ["GET", "/v1"], ["PATCH", "/v1/account"], ["GET", "/v1/auth/challenge"]]
  ) {
    assert.equal((await server.raw(method!, path!)).status, 404, `${method} ${path}`);
  }
});

Deno.test("failures of the storage name its path only where the caller owns the machine", async () => {
  const { AppError } = await import("../../../src/kernel/error.ts");
  const path = "/home/someone/server.db";
  for (const showStorageFailures of [true, false]) {
    const store = (): Promise<never> =>
      Promise.reject(new AppError("database_damaged", { path, reason: "it is empty" }));
    await using server = await TestServer.start({ store, showStorageFailures });
    const { status, json } = await server.raw("GET", "/readyz");
    assert.equal(status, 500);
    assert.equal(json["code"], showStorageFailures ? "database_damaged" : "internal");
    assert.equal(JSON.stringify(json).includes(path), showStorageFailures);
  }
});

Deno.test("an unexpected failure is an internal error that says nothing", async () => {
  const store = (): Promise<never> => Promise.reject(new Error("canary-5f1d"));
  await using server = await TestServer.start({ store });
  const { status, json } = await server.raw("GET", "/readyz");
  assert.equal(status, 500);
  assert.equal(json["code"], "internal");
  assert.ok(!JSON.stringify(json).includes("canary-5f1d"));
});
