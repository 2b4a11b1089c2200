/** Everything the server received and stored in the life of an account, searched for what it must never see. */
import assert from "node:assert/strict";
import { SyncClient } from "../../../src/cloud/client.ts";
import type { PasswordCredentials, RecoveryCredentials } from "../../../src/contract/auth.ts";
import { createAccount } from "../../../src/crypto/account_creation.ts";
import { formatAccountKey, formatRecoveryCode } from "../../../src/crypto/account_key.ts";
import { deriveSid, sealSecret } from "../../../src/crypto/secret_envelope.ts";
import { signChallenge } from "../../../src/crypto/sign_entry.ts";
import { utf8 } from "../../../src/kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../../src/kernel/encoding.ts";
import { type Email, parseSecretName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { CanarySearch } from "../../support/canary.ts";
import { EvilTransport } from "../../support/evil_transport.ts";
import { MemorySession, Person, sidOf, TestServer, TestWorkspace } from "../../support/sync_server.ts";

const PASSWORD = "canary-password-b7c1";
const VALUE = "sk_live_canary_value_77aa";
const NAME = "CANARY_SECRET_NAME";

function textOf(secret: Secret): string {
  return secret.expose((bytes) => new TextDecoder().decode(bytes));
}

function binaryOf(secret: Secret): string {
  return secret.expose((bytes) => new TextDecoder("latin1").decode(bytes));
}

Deno.test("P19 password, account key, recovery code, private keys, values and names never reach the server", async () => {
  await using server = await TestServer.start();
  const random = server.random;
  using account = await createAccount(
    { password: Secret.fromText(PASSWORD), deviceLabel: "laptop", now: server.clock.now() },
    random,
  );
  const evil = new EvilTransport(server.transport);
  const writer = new Person(server);
  const client = new SyncClient({ transport: evil, clock: server.clock, random, session: new MemorySession(writer) });
  const bytes = (text: string): Uint8Array<ArrayBuffer> => fromBase64Url(text)!;
  const { ak_id, login_pk, wrap_pw } = account.passwordCredentials;
  const { rc_id, recovery_pk, wrap_rc } = account.recoveryCredentials;
  const password: PasswordCredentials = { ak_id: bytes(ak_id), login_pk: bytes(login_pk), wrap_pw: bytes(wrap_pw) };
  const recovery: RecoveryCredentials = {
    rc_id: bytes(rc_id),
    recover_pk: bytes(recovery_pk),
    wrap_rc: bytes(wrap_rc),
  };
  await client.register({
    email: "ada@example.com" as Email,
    entries: [account.genesis, account.deviceAdd],
    password,
    recovery,
    keyset: utf8(JSON.stringify(account.keyset)),
    device_id: account.deviceId,
  }, (challenge) => signChallenge(account.login, challenge));
  await client.login(password.ak_id, (challenge) => signChallenge(account.login, challenge));

  // A secret of a person whose keys the fixture holds, sealed for its real place.
  await writer.register();
  const env = await (await TestWorkspace.found(writer)).createEnvironment();
  const keys = { environment: Secret.take(random(32)), name: Secret.take(random(32)) };
  const name = parseSecretName(NAME), value = Secret.fromText(VALUE);
  const place = { ...env.state.place, sid: deriveSid(keys.name, name), ver: 1, epoch: 1 };
  const envelope = sealSecret(
    keys,
    place,
    { name, value, note: "canary-note-91fe", binding: { methods: ["GET"] } },
    random,
  );
  const { commit, envelopes } = env.commit({ [NAME]: envelope });
  const session = new MemorySession(writer);
  session.session = writer.session.session;
  const seen = new SyncClient({ transport: evil, clock: server.clock, random, session });
  await seen.postCommit(env.id, 0, commit, envelopes);
  assert.equal((await seen.snapshot(env.id)).items[0]!.sid, sidOf(NAME));

  using seedA = account.keys.admin.seed();
  const search = new CanarySearch({
    password: PASSWORD,
    value: VALUE,
    name: NAME,
    note: "canary-note-91fe",
    "account key": textOf(formatAccountKey(account.accountKey)),
    "recovery code": textOf(formatRecoveryCode(account.recoveryCode)),
  });
  const raw = [account.accountKey, account.recoveryCode, seedA, keys.environment, keys.name].map(binaryOf);
  const stored = new TextDecoder("latin1").decode(await Deno.readFile(`${server.path}-wal`));
  await search.folder(server.folder);
  for (const { request, response } of evil.exchanges) {
    search.text(`${request.method} ${request.path}`, JSON.stringify(request) + JSON.stringify(response));
  }
  assert.deepEqual(search.found, []);
  for (const key of raw) assert.ok(!stored.includes(key));
  assert.ok(stored.includes(new TextDecoder("latin1").decode(envelope)), "the search itself works");
  assert.ok(evil.exchanges.some(({ request }) => request.body?.includes(toBase64Url(envelope))));
});
