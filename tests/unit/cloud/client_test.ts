import assert from "node:assert/strict";
import { SyncClient } from "../../../src/cloud/client.ts";
import { SESSION_TTL_MS } from "../../../src/contract/limits.ts";
import { AppError } from "../../../src/kernel/error.ts";
import type { SyncRequest, SyncResponse, SyncTransport } from "../../../src/ports/sync_transport.ts";
import { EvilTransport, json } from "../../support/evil_transport.ts";
import { FakeClock } from "../../support/fake_clock.ts";
import { seededRandom } from "../../support/seeded_random.ts";
import { fillerEnvelope, Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

/** The person's client through a server that misbehaves on command. */
function through(person: Person): { readonly evil: EvilTransport; readonly client: SyncClient } {
  const evil = new EvilTransport(person.server.transport);
  const { clock, random } = person.server;
  return { evil, client: new SyncClient({ transport: evil, clock, random, session: person.session }) };
}

/** A client of a server that gives one answer to everything. */
function answering(answer: SyncResponse): SyncClient {
  const transport: SyncTransport = {
    origin: "https://sync.example",
    send: () => Promise.resolve(answer),
    close: () => Promise.resolve(),
  };
  return new SyncClient({ transport, clock: new FakeClock(), random: seededRandom() });
}

Deno.test("a session that has ended is renewed once for all calls in parallel, and the calls go on", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  await server.clock.advance(SESSION_TTL_MS);
  const accounts = await Promise.all([1, 2, 3].map(() => person.client.account()));
  assert.deepEqual(accounts.map(({ user_id }) => user_id), Array(3).fill(person.userId));
  assert.equal(person.session.renewals, 1);
});

Deno.test("a session that the server ended early is renewed, also before a step-up", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const end = (): Promise<void> => server.store.write((tx) => tx.deleteSessions(person.userId, {}));
  await end();
  await person.client.account();
  await end();
  await person.client.stepUp(person.akId, person.prover());
  assert.equal(person.session.renewals, 2);
});

Deno.test("a device that was revoked forgets its session and is told that nobody is logged in", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  await server.store.write((tx) => tx.deleteSessions(person.userId, {}));
  person.deviceId = "d_aaaaaaaaaaaaaaaa" as typeof person.deviceId;
  await assert.rejects(person.client.account(), { code: "not_logged_in" });
  assert.equal(person.session.session, undefined);
});

Deno.test("without a session store nothing that needs one is sent", async () => {
  const client = answering(json(200, {}));
  await assert.rejects(client.account(), { code: "not_logged_in" });
});

Deno.test("a commit whose answer was lost is sent again under its key and written once", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const env = await (await TestWorkspace.found(person)).createEnvironment();
  const { evil, client } = through(person);
  const { commit, envelopes } = env.commit({ A: fillerEnvelope(server.random) });
  let lost = 0;
  evil.loseAnswer({ method: "POST", path: /commits/ }, (response) => {
    if (lost++ > 0) return response;
    throw new AppError("server_unreachable", { origin: evil.origin, reason: "lost" });
  });
  const { head } = await client.postCommit(env.id, 0, commit, envelopes);
  assert.equal(head?.seq, 1);
  assert.equal(lost, 2);
  assert.deepEqual((await client.environment(env.id)).head, head);
});

Deno.test("every write has a key of its own", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const { evil, client } = through(person);
  for (let i = 0; i < 3; i++) await client.appendAccountLog(0, person.entries).catch(() => {});
  const keys = evil.sent({ method: "POST", path: /account\/log/ }).map(({ request }) =>
    request.headers["idempotency-key"]
  );
  assert.equal(new Set(keys).size, 3);
  assert.match(keys[0]!, /^[A-Za-z0-9_-]{24}$/);
});

Deno.test("an answer that is not what the contract says is a server error that quotes nothing", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const { evil, client } = through(person);
  const canary = "canary-5f1d";
  const lies: readonly ((answer: Record<string, unknown>) => unknown)[] = [
    () => null,
    () => canary,
    () => [],
    (answer) => ({ ...answer, [canary]: 1 }),
    (answer) => ({ ...answer, user_id: canary }),
    (answer) => ({ ...answer, credentials_version: "1" }),
    (answer) => ({ ...answer, session: null }),
    ({ email: _, ...answer }) => answer,
  ];
  for (const lie of lies) {
    using _ = evil.lie({ path: /account$/ }, lie);
    await assert.rejects(client.account(), (error) => {
      assert.ok(error instanceof AppError && error.code === "server_error");
      assert.ok(!Deno.inspect(error, { depth: 9 }).includes(canary));
      return true;
    });
  }
  for (const answer of [json(204, {}), json(201, {}), { status: 200, headers: {}, body: "<html>" }]) {
    using _ = evil.answer({ path: /account$/ }, () => answer);
    await assert.rejects(client.account(), { code: "server_error" });
  }
});

Deno.test("a server that keeps the client asking for pages is stopped", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const env = await (await TestWorkspace.found(person)).createEnvironment();
  await env.push({ A: fillerEnvelope(server.random) });
  const { evil, client } = through(person);
  const head = { seq: 1000, hash: "A".repeat(43) };
  {
    using _ = evil.lie({ path: /log/ }, (answer) => ({ ...answer, head, entries: [] }));
    await assert.rejects(client.accountLog(), { code: "server_error" });
  }
  const [sid] = (await client.snapshot(env.id)).items.map((item) => item.sid);
  const versions = [{ ver: 1, seq: 1, h: null, envelope: null }];
  evil.answer({ path: /versions/ }, () => json(200, { versions, more: true }));
  await assert.rejects(client.versions(env.id, sid!), { code: "server_error" });
});

Deno.test("a server's words are shown only in known sentences, bounded and printable", async () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ status: 429, code: "rate_limited", fields: { seconds: 7 } }, "rate_limited"],
    [{ status: 429, code: "rate_limited", fields: {} }, "server_error"],
    [{ status: 429, code: "rate_limited", fields: { seconds: "7" } }, "server_error"],
    [{ status: 400, code: "internal" }, "server_error"],
    [{ status: 400, code: "toString" }, "server_error"],
    [{ status: 400, code: "__proto__" }, "server_error"],
    [{ status: 403, code: "person_required", fields: { action: "x" } }, "server_error"],
    [{ status: 400 }, "server_error"],
    ["nonsense", "server_error"],
  ];
  for (const [problem, code] of cases) {
    await assert.rejects(answering(json(400, problem)).version(), { code }, JSON.stringify(problem));
  }
  const reason = `\u001b[31m${"x".repeat(500)}`;
  const client = answering(json(400, { status: 400, code: "bad_request", fields: { reason, extra: "y" } }));
  await assert.rejects(client.version(), (error) => {
    assert.ok(error instanceof AppError && error.code === "bad_request");
    assert.ok(!error.message.includes("\u001b") && error.message.length < 120);
    assert.deepEqual(Object.keys(error.fields), ["reason"]);
    return true;
  });
});

Deno.test("an abort stops the call", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const reason = new Error("enough");
  await assert.rejects(person.client.account(AbortSignal.abort(reason)), reason);
});

Deno.test("ids go into paths escaped", async () => {
  const seen: SyncRequest[] = [];
  const transport: SyncTransport = {
    origin: "https://sync.example",
    send: (request) => {
      seen.push(request);
      return Promise.resolve(json(404, {}));
    },
    close: () => Promise.resolve(),
  };
  const session = {
    load: () => Promise.resolve({ token: `ses1_${"A".repeat(43)}`, expires: 9e15 }),
    save: () => Promise.resolve(),
    renewal: () => Promise.resolve(undefined),
  };
  const client = new SyncClient({ transport, clock: new FakeClock(), random: seededRandom(), session });
  await assert.rejects(client.snapshot("../x?y" as Parameters<typeof client.snapshot>[0]), { code: "server_error" });
  assert.equal(seen[0]!.path, "/v1/envs/..%2Fx%3Fy/snapshot");
});
