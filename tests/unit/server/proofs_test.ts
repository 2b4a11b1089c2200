import assert from "node:assert/strict";
import type { ProofChallenge } from "../../../src/kernel/proof.ts";
import { PROOF_HEADER } from "../../../src/contract/auth.ts";
import { CHALLENGE_TTL_MS, SESSION_TTL_MS, STEP_UP_TTL_MS } from "../../../src/contract/limits.ts";
import { SigningKey } from "../../../src/crypto/keys.ts";
import { signChallenge } from "../../../src/crypto/sign_entry.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../../src/kernel/encoding.ts";
import { sha256 } from "../../../src/crypto/verify/sha256.ts";
import { Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

interface Login {
  readonly change?: Partial<ProofChallenge>;
  readonly key?: SigningKey;
  readonly akId?: string;
  readonly challenge?: { readonly id: string; readonly nonce: string };
  readonly body?: (text: string) => string;
}

async function challenge(server: TestServer): Promise<{ id: string; nonce: string }> {
  const { status, json } = await server.raw("POST", "/v1/auth/challenge", { body: {} });
  assert.equal(status, 201);
  return json as { id: string; nonce: string };
}

/** A login by hand, wrong in one place. */
async function login(
  server: TestServer,
  person: Person,
  options: Login = {},
): Promise<Awaited<ReturnType<TestServer["raw"]>>> {
  const { change, key = person.login, akId = toBase64Url(person.akId), body: edit = (text) => text } = options;
  const { id, nonce } = options.challenge ?? await challenge(server);
  const text = JSON.stringify({ challenge: id, ak_id: akId });
  const facts = { origin: "embedded:local", action: "login", nonce: fromBase64Url(nonce)!, body: utf8(text) } as const;
  const proof = toBase64Url(signChallenge(key, { ...facts, ...change }));
  return await server.raw("POST", "/v1/auth/login", { headers: { [PROOF_HEADER]: proof }, body: edit(text) });
}

Deno.test("login with L opens a session and a step-up, and hands out the sealed blobs", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const answer = await person.client.login(person.akId, person.prover());
  assert.equal(answer.user_id, person.userId);
  assert.equal(answer.credentials_version, 1);
  assert.deepEqual(answer.pins, { version: 0, data: null });
  assert.equal((await person.client.account()).session.device_id, null);
});

Deno.test("P24 a challenge is good for one try, right or wrong", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const used = await challenge(server);
  assert.equal((await login(server, person, { challenge: used })).status, 200);
  assert.equal((await login(server, person, { challenge: used })).status, 401);
  const spoiled = await challenge(server);
  assert.equal((await login(server, person, { challenge: spoiled, key: person.device })).status, 401);
  assert.equal((await login(server, person, { challenge: spoiled })).status, 401);
});

Deno.test("a challenge expires after sixty seconds", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const [early, late] = [await challenge(server), await challenge(server)];
  await server.clock.advance(CHALLENGE_TTL_MS - 1);
  assert.equal((await login(server, person, { challenge: early })).status, 200);
  await server.clock.advance(1);
  assert.equal((await login(server, person, { challenge: late })).status, 401);
});

Deno.test("P24 a proof for another origin, action, nonce or body is none", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const changes: readonly Partial<ProofChallenge>[] = [
    { origin: "https://other.example" },
    { action: "stepup" },
    { action: "renew" },
    { nonce: new Uint8Array(32) },
    { body: utf8("{}") },
  ];
  for (const change of changes) assert.equal((await login(server, person, { change })).status, 401);
  const changed = await login(server, person, { body: (text) => text.replace(",", ", ") });
  assert.equal(changed.status, 401, "one space more in the body");
});

Deno.test("a proof for a challenge that never was, or is spent, is none even over the nonce that stands in for it", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const nonce = toBase64Url(new Uint8Array(32));
  const spent = await challenge(server);
  await login(server, person, { challenge: spent });
  for (const id of [`c_${"a".repeat(26)}`, spent.id]) {
    assert.equal((await login(server, person, { challenge: { id, nonce } })).status, 401);
  }
});

Deno.test("unknown handle, wrong key and missing signature look the same", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const unknown = await login(server, person, { akId: toBase64Url(server.random(16)) });
  const wrong = await login(server, person, { key: SigningKey.generate(server.random) });
  const { id } = await challenge(server);
  const body = { challenge: id, ak_id: toBase64Url(person.akId) };
  const missing = await server.raw("POST", "/v1/auth/login", { body });
  for (const answer of [unknown, wrong, missing]) {
    assert.equal(answer.status, 401);
    assert.deepEqual(answer.json, unknown.json);
    assert.equal(answer.json["code"], "login_refused");
  }
});

Deno.test("tries per handle are limited, other handles are not, and time heals it", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const other = await new Person(server).register();
  const wrong = { key: person.device };
  for (let i = 0; i < 10; i++) assert.equal((await login(server, person, wrong)).status, 401);
  const limited = await login(server, person);
  assert.equal(limited.status, 429);
  assert.equal(limited.headers.get("retry-after"), "30");
  assert.equal((await login(server, other)).status, 200);
  await server.clock.advance(30_000);
  assert.equal((await login(server, person)).status, 200);
  for (let i = 0; i < 9; i++) {
    assert.equal((await login(server, person, wrong)).status, 401, "a success fills it again");
  }
});

Deno.test("challenges are limited for all together and per address block", async () => {
  await using server = await TestServer.start({
    addressBlockOf: (request) => request.headers.get("x-test-block") ?? undefined,
  });
  const ask = async (block?: string): Promise<number> => {
    const headers: Record<string, string> = block === undefined ? {} : { "x-test-block": block };
    return (await server.raw("POST", "/v1/auth/challenge", { body: {}, headers })).status;
  };
  for (let i = 0; i < 60; i++) assert.equal(await ask("192.0.2.0/24"), 201);
  assert.equal(await ask("192.0.2.0/24"), 429);
  assert.equal(await ask("198.51.100.0/24"), 201);
  let granted = 0;
  while (await ask() === 201) granted++;
  assert.ok(granted > 400 && granted < 600, String(granted));
});

Deno.test("a step-up lasts five minutes, for its own session only, and governance needs it", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const workspace = await TestWorkspace.found(person);
  const allow = (): Parameters<typeof person.client.appendWorkspaceLog>[2] => {
    const version = workspace.state.allowlist.length + 1;
    const entry = workspace.entry(person.admin, "allowlist.set", {
      version,
      scope: "workspace",
      rules: ["api.example.com"],
    });
    return { entries: [entry], grants: [], blobs: [] };
  };
  const first = allow();
  const append = (batch: typeof first, after: number, stepUp = person.stepUp): Promise<unknown> =>
    person.client.appendWorkspaceLog(workspace.id, after, batch, stepUp === undefined ? {} : { stepUp });
  await assert.rejects(
    person.client.appendWorkspaceLog(workspace.id, 1, first),
    { code: "password_required" },
    "a session alone is not the person",
  );
  await append(first, 1);
  await server.clock.advance(STEP_UP_TTL_MS);
  const second = allow();
  await assert.rejects(append(second, 2), { code: "password_required" });
  const { step_up } = await person.client.stepUp(person.akId, person.prover());
  assert.equal(step_up.expires, server.clock.now() + STEP_UP_TTL_MS);
  await person.client.renew();
  await assert.rejects(append(second, 2, step_up), { code: "password_required" }, "another session's step-up");
  await append(second, 2, (await person.client.stepUp(person.akId, person.prover())).step_up);
});

Deno.test("a step-up needs the session of the same account", async () => {
  await using server = await TestServer.start();
  const ada = await new Person(server).register();
  const bob = await new Person(server).register();
  await assert.rejects(ada.client.stepUp(bob.akId, bob.prover()), { code: "login_refused" });
});

Deno.test("a session ends by time, and the device renews it without the password", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const token = person.token;
  await server.clock.advance(SESSION_TTL_MS);
  assert.equal((await server.raw("GET", "/v1/account", { token })).status, 401);
  const account = await person.client.account();
  assert.equal(account.session.device_id, person.deviceId);
  assert.equal(person.session.renewals, 1);
  assert.notEqual(person.token, token);
});

Deno.test("a device that is not in the account's log renews nothing", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  person.device = SigningKey.generate(server.random);
  await assert.rejects(person.client.renew(), { code: "not_logged_in" });
});

Deno.test("registration asks for a token where the server is not open", async () => {
  const registration = { kind: "token", sha256: [sha256(utf8("let me in"))] } as const;
  await using server = await TestServer.start({ registration });
  const person = new Person(server);
  await assert.rejects(person.register(), { code: "registration_refused" });
  const wrong = { ...person.registration(), token: "let me out" };
  await assert.rejects(person.client.register(wrong, person.prover()), { code: "registration_refused" });
  await person.client.register({ ...person.registration(), token: "let me in" }, person.prover());
});

Deno.test("registration is proved by the key it registers, and takes no account twice", async () => {
  await using server = await TestServer.start();
  const person = new Person(server);
  await assert.rejects(person.client.register(person.registration(), person.prover(person.device)), {
    code: "login_refused",
  });
  await person.register();
  await assert.rejects(person.client.register(person.registration(), person.prover()), { code: "name_taken" });
  const other = new Person(server);
  const stolen = { ...other.registration(), recovery: person.registration().recovery };
  await assert.rejects(other.client.register(stolen, other.prover()), { code: "name_taken" });
  const foreign = { ...other.registration(), device_id: person.deviceId };
  await assert.rejects(other.client.register(foreign, other.prover()), { code: "bad_request" });
});
