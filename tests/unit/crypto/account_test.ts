import assert from "node:assert/strict";
import { createAccount } from "../../../src/crypto/account_creation.ts";
import { openKeyset, unwrapUserKey } from "../../../src/crypto/account_wraps.ts";
import { makePasswordCredentials, makeRecoveryCredentials } from "../../../src/crypto/credentials.ts";
import { accountKeyId, derivePasswordKeys, deriveRecoveryKeys } from "../../../src/crypto/hierarchy.ts";
import { generateAccountKey, generateRecoveryCode } from "../../../src/crypto/account_key.ts";
import { SigningKey } from "../../../src/crypto/keys.ts";
import { replayAccountLog } from "../../../src/ledger/account_log.ts";
import { accountFingerprint, activeDevices, receivingKey, signingKey } from "../../../src/ledger/account_state.ts";
import { fromBase64Url, toBase64Url } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { NOW } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const random = seededRandom("account");
const password = (): Secret => Secret.fromText("correct horse battery staple");
const account = await createAccount({ password: password(), deviceLabel: "laptop", now: NOW }, random);
const state = replayAccountLog([account.genesis, account.deviceAdd], account.userId);
const expected = { sigPk: fromBase64Url(signingKey(state))!, encPk: fromBase64Url(receivingKey(state))! };
const undecryptable = (error: unknown): boolean => isAppError(error, "decryption_failed");

Deno.test("a new account's log replays, with its device and its fingerprint of thirty digits", () => {
  assert.equal(state.userId, account.userId);
  assert.deepEqual(activeDevices(state).map(({ id, key, label }) => [id, key, label]), [
    [account.deviceId, account.device.publicKeyText, "laptop"],
  ]);
  assert.equal(accountFingerprint(state), account.fingerprint);
  assert.match(account.fingerprint, /^(\d{5} ){5}\d{5}$/);
});

Deno.test("password and account key lead to A and X; either one alone does not", async () => {
  using keys = await derivePasswordKeys(password(), account.accountKey);
  assert.equal(toBase64Url(keys.akId), account.passwordCredentials.ak_id);
  assert.equal(keys.login.publicKeyText, account.passwordCredentials.login_pk);
  using uk = unwrapUserKey(keys.kek, account.userId, "password", account.passwordCredentials.wrap_pw);
  using opened = openKeyset(uk, account.userId, account.keyset, expected);
  assert.deepEqual(opened.admin.publicKey, account.keys.admin.publicKey);
  assert.deepEqual(opened.receiving.publicKey, account.keys.receiving.publicKey);

  for (const [word, ak] of [["wrong", account.accountKey], [undefined, generateAccountKey(random)]] as const) {
    using wrong = await derivePasswordKeys(word === undefined ? password() : Secret.fromText(word), ak);
    const { wrap_pw } = account.passwordCredentials;
    assert.throws(() => unwrapUserKey(wrong.kek, account.userId, "password", wrap_pw), undecryptable);
  }
});

Deno.test("the recovery code leads to the same keys without the password", () => {
  using keys = deriveRecoveryKeys(account.recoveryCode);
  assert.equal(keys.recovery.publicKeyText, account.recoveryCredentials.recovery_pk);
  using uk = unwrapUserKey(keys.rkek, account.userId, "recovery", account.recoveryCredentials.wrap_rc);
  using opened = openKeyset(uk, account.userId, account.keyset, expected);
  assert.deepEqual(opened.admin.publicKey, account.keys.admin.publicKey);
});

Deno.test("wraps and keysets of a dishonest server are refused", async () => {
  using keys = await derivePasswordKeys(password(), account.accountKey);
  using other = await createAccount({ password: password(), deviceLabel: "x", now: NOW }, random);
  const { wrap_pw } = account.passwordCredentials, { wrap_rc } = account.recoveryCredentials;
  const unwrap = (user = account.userId, wrap = wrap_pw): Secret => unwrapUserKey(keys.kek, user, "password", wrap);
  for (const wrap of [wrap_rc, other.passwordCredentials.wrap_pw, "", "!", wrap_pw.slice(4)]) {
    assert.throws(() => unwrap(account.userId, wrap), undecryptable);
  }
  assert.throws(() => unwrap(other.userId), undecryptable);
  using uk = unwrap();
  const { sig, enc } = account.keyset;
  for (const keyset of [other.keyset, { sig: enc, enc: sig }, { sig, enc: "" }]) {
    assert.throws(() => openKeyset(uk, account.userId, keyset, expected), undecryptable);
  }
  const foreign = { ...expected, sigPk: other.keys.admin.publicKey };
  assert.throws(() => openKeyset(uk, account.userId, account.keyset, foreign), undecryptable);
});

Deno.test("a password change and a new recovery code wrap the same user key", async () => {
  using keys = await derivePasswordKeys(password(), account.accountKey);
  using uk = unwrapUserKey(keys.kek, account.userId, "password", account.passwordCredentials.wrap_pw);
  const accountKey = generateAccountKey(random), code = generateRecoveryCode(random);
  const word = Secret.fromText("another password");
  const changed = await makePasswordCredentials(account.userId, uk, word, accountKey, random);
  assert.notEqual(changed.credentials.ak_id, account.passwordCredentials.ak_id);
  assert.equal(changed.credentials.ak_id, toBase64Url(accountKeyId(accountKey)));
  using again = await derivePasswordKeys(word, accountKey);
  assert.equal(again.login.publicKeyText, changed.login.publicKeyText);
  assert.ok(unwrapUserKey(again.kek, account.userId, "password", changed.credentials.wrap_pw).equals(uk));
  const recovery = makeRecoveryCredentials(account.userId, uk, code, random);
  using recovered = deriveRecoveryKeys(code);
  assert.ok(unwrapUserKey(recovered.rkek, account.userId, "recovery", recovery.wrap_rc).equals(uk));
});

Deno.test("a password that is not UTF-8 is refused, not mangled", async () => {
  await assert.rejects(
    () => derivePasswordKeys(Secret.take(Uint8Array.of(0xff)), account.accountKey),
    (error) => isAppError(error, "invalid_input"),
  );
});

Deno.test("disposed keys sign nothing", () => {
  const key = SigningKey.generate(random);
  key[Symbol.dispose]();
  assert.throws(() => key.sign(new Uint8Array(1)), TypeError);
});

Deno.test("two accounts of the same password share nothing", async () => {
  using other = await createAccount({ password: password(), deviceLabel: "laptop", now: NOW }, random);
  const texts = (from: typeof account): string[] => [
    from.userId,
    from.deviceId,
    from.fingerprint,
    ...Object.values(from.passwordCredentials),
    ...Object.values(from.recoveryCredentials),
    ...Object.values(from.keyset),
  ];
  const mine = new Set(texts(account));
  assert.deepEqual(texts(other).filter((text) => mine.has(text)), []);
});
