import assert from "node:assert/strict";
import { SigningKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { toBase64Url } from "../../../src/kernel/encoding.ts";
import { appendAccountEntries } from "../../../src/ledger/account_log.ts";
import { buildAccountEntry } from "../../../src/ledger/build_entry.ts";
import type { DeviceId } from "../../../src/kernel/names.ts";
import { Person, TestServer, TestWorkspace } from "../../support/sync_server.ts";

Deno.test("new credentials replace the old in one step and end every other session", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const { session: other } = await person.client.renew().then((session) => ({ session }));
  await person.client.login(person.akId, person.prover());
  const { step_up } = await person.client.stepUp(person.akId, person.prover());
  const login = SigningKey.generate(server.random), akId = server.random(16);
  const password = { ak_id: akId, login_pk: login.publicKey, wrap_pw: server.random(120) };
  const changed = await person.client.putCredentials({ version: 1, password }, person.prover(login), step_up);
  assert.equal(changed.credentials_version, 2);
  assert.equal((await server.raw("GET", "/v1/account", { token: other.token })).status, 401);
  assert.equal((await person.client.account()).credentials_version, 2);
  await assert.rejects(person.client.login(person.akId, person.prover()), { code: "login_refused" });
  const again = await person.client.login(akId, person.prover(login));
  assert.deepEqual(again.wrap_pw, password.wrap_pw);
});

Deno.test("credentials change only with step-up, the new key's proof, the current version and a free handle", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const other = await new Person(server).register();
  const login = SigningKey.generate(server.random);
  const password = { ak_id: person.akId, login_pk: login.publicKey, wrap_pw: server.random(120) };
  const put = (change: object, key = login, stepUp = person.stepUp!): Promise<unknown> =>
    person.client.putCredentials({ version: 1, password, ...change }, person.prover(key), stepUp);
  await assert.rejects(put({}, person.login), { code: "login_refused" });
  await assert.rejects(put({ version: 2 }), { code: "head_moved" });
  await assert.rejects(put({}, login, other.stepUp!), { code: "password_required" });
  await assert.rejects(put({ password: { ...password, ak_id: other.akId } }), { code: "bad_request" });
  await person.client.login(person.akId, person.prover());
});

Deno.test("recovery with R sets password, account key and recovery code anew and ends every session", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const old = person.token;
  const started = await person.client.recoverStart(person.rcId, person.prover(person.recovery));
  assert.equal(started.user_id, person.userId);
  assert.deepEqual(started.entries, person.entries);
  const [login, recovery, device] = [0, 1, 2].map(() => SigningKey.generate(server.random)) as [
    SigningKey,
    SigningKey,
    SigningKey,
  ];
  const recovered = signEntry(
    buildAccountEntry(person.account, "account.recovered", { recovery_pk: recovery.publicKeyText }, 1),
    person.admin,
  );
  const after = appendAccountEntries(person.account, [recovered]);
  const device_id = "d_aaaaaaaaaaaaaaaa" as DeviceId;
  const request = {
    rc_id: person.rcId,
    version: started.credentials_version,
    password: { ak_id: server.random(16), login_pk: login.publicKey, wrap_pw: server.random(120) },
    recovery: { rc_id: server.random(16), recover_pk: recovery.publicKey, wrap_rc: server.random(120) },
    entries: [recovered, person.deviceAdd(after, device_id, device)],
    device_id,
  };
  const byOld = person.prover(person.recovery);
  await assert.rejects(person.client.recoverFinish({ ...request, entries: request.entries.slice(1) }, byOld), {
    code: "bad_request",
  });
  await assert.rejects(person.client.recoverFinish(request, person.prover(recovery)), { code: "login_refused" });
  await person.client.recoverFinish(request, byOld);
  assert.equal((await person.client.account()).session.device_id, device_id);
  assert.equal((await server.raw("GET", "/v1/account", { token: old })).status, 401);
  await assert.rejects(person.client.recoverStart(person.rcId, byOld), { code: "login_refused" });
  await assert.rejects(person.client.login(person.akId, person.prover()), { code: "login_refused" });
  await person.client.login(request.password.ak_id, person.prover(login));
});

Deno.test("an account's log takes what continues it and nothing else", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const { seq } = person.account.head;
  const revoke = (device_id: DeviceId, key = person.admin): ReturnType<typeof signEntry> =>
    signEntry(buildAccountEntry(person.account, "device.revoke", { device_id }, 1), key);
  await assert.rejects(person.client.appendAccountLog(seq - 1, [revoke(person.deviceId)]), { code: "head_moved" });
  await assert.rejects(person.client.appendAccountLog(seq, [revoke(person.deviceId, person.device)]), {
    code: "log_invalid",
  });
  await assert.rejects(person.client.appendAccountLog(seq, [revoke("d_aaaaaaaaaaaaaaaa" as DeviceId)]), {
    code: "log_invalid",
  });
  const page = await person.client.accountLog();
  assert.deepEqual(page, { entries: person.entries, head: person.account.head });
  assert.deepEqual((await person.client.accountLog(seq)).entries, []);
});

Deno.test("sessions are listed for their owner and end when deleted", async () => {
  await using server = await TestServer.start();
  const ada = await new Person(server).register();
  const bob = await new Person(server).register();
  const first = ada.token;
  await server.clock.advance(1);
  await ada.client.renew();
  const [newest, oldest] = await ada.client.sessions();
  assert.equal(newest!.current, true);
  assert.equal(oldest!.current, false);
  await bob.client.endSession(oldest!.id);
  assert.equal((await server.raw("GET", "/v1/account", { token: first })).status, 200, "not bob's to end");
  await ada.client.endSession(oldest!.id);
  assert.equal((await server.raw("GET", "/v1/account", { token: first })).status, 401);
  await ada.client.endSession("current");
  assert.equal(ada.session.session, undefined);
});

Deno.test("pins are replaced only from the version they were read at", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const [one, two] = [server.random(100), server.random(100)];
  assert.deepEqual(await person.client.pins(), { version: 0, data: null });
  assert.equal(await person.client.putPins(0, one), 1);
  await assert.rejects(person.client.putPins(0, two), { code: "head_moved" });
  await assert.rejects(person.client.putPins(5, two), { code: "head_moved" });
  assert.equal(await person.client.putPins(1, two), 2);
  assert.deepEqual(await person.client.pins(), { version: 2, data: two });
});

Deno.test("another user's log is for those who share a workspace", async () => {
  await using server = await TestServer.start();
  const ada = await new Person(server).register();
  const bob = await new Person(server).register();
  await TestWorkspace.found(ada);
  assert.equal((await ada.client.userLog(ada.userId)).entries.length, 2);
  await assert.rejects(ada.client.userLog(bob.userId), { code: "not_on_server" });
  const { id } = await TestWorkspace.found(bob);
  await server.store.write((tx) =>
    tx.setMembers(id, [{ userId: bob.userId, role: "owner" }, { userId: ada.userId, role: "member" }])
  );
  assert.deepEqual((await ada.client.userLog(bob.userId)).entries, bob.entries);
});

Deno.test("what the store holds of tokens is not the tokens", async () => {
  await using server = await TestServer.start();
  const person = await new Person(server).register();
  const bytes = new TextDecoder("latin1").decode(await Deno.readFile(`${server.path}-wal`));
  for (const token of [person.token, person.stepUp!.token]) {
    assert.ok(!bytes.includes(token) && !bytes.includes(token.slice(5)));
  }
  assert.ok(bytes.includes("ada@example.com"), "the search itself works");
  assert.ok(!bytes.includes(toBase64Url(person.login.publicKey)));
});
