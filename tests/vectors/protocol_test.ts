/** Known answers of the whole protocol, made by tests/vectors/oracle.py with argon2-cffi, cryptography and PyNaCl. */
import assert from "node:assert/strict";
import { openEnvelope, sealEnvelope } from "../../src/crypto/envelope.ts";
import type { EnvelopeKind } from "../../src/crypto/envelope.ts";
import { keyCommit, nameKeyCommit, openEnvironmentGrant } from "../../src/crypto/grants.ts";
import { derivePasswordKeys, deriveRecoveryKeys } from "../../src/crypto/hierarchy.ts";
import { ReceivingKey, SigningKey } from "../../src/crypto/keys.ts";
import { deriveSid, openSecret } from "../../src/crypto/secret_envelope.ts";
import { signChallenge, signEntry } from "../../src/crypto/sign_entry.ts";
import { fingerprintOf, formatFingerprint, userIdOf } from "../../src/crypto/verify/ids.ts";
import { verifySignedEntry } from "../../src/crypto/verify/signed_entry.ts";
import { snapshotRoot } from "../../src/crypto/verify/snapshot_root.ts";
import { fromUtf8, utf8 } from "../../src/kernel/bytes.ts";
import { fromBase64Url, toHex } from "../../src/kernel/encoding.ts";
import { parseSecretName, type ProjectId } from "../../src/kernel/names.ts";
import { Secret } from "../../src/kernel/secret.ts";

const vectors = JSON.parse(await Deno.readTextFile(new URL("./protocol.json", import.meta.url)));
const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(text);
const secret = (text: string): Secret => Secret.take(hex(text));
const shown = (value: Secret): string => value.expose(toHex);

Deno.test("the account derivation is the oracle's, whatever Unicode form the password was typed in", async () => {
  const logins = new Set<string>();
  for (const v of vectors.accounts) {
    using keys = await derivePasswordKeys(Secret.fromText(v.password), secret(v.account_key));
    assert.equal(toHex(keys.akId), v.ak_id);
    assert.equal(shown(keys.kek), v.kek);
    assert.equal(toHex(keys.login.publicKey), v.login_pk);
    logins.add(v.login_pk);
  }
  assert.equal(logins.size, vectors.accounts.length - 1);
});

Deno.test("the recovery derivation is the oracle's", () => {
  for (const v of vectors.recoveries) {
    using keys = deriveRecoveryKeys(secret(v.recovery_code));
    assert.equal(toHex(keys.rcId), v.rc_id);
    assert.equal(shown(keys.rkek), v.rkek);
    assert.equal(toHex(keys.recovery.publicKey), v.recovery_pk);
  }
});

Deno.test("sealed with the same salt, envelopes are the oracle's byte for byte", () => {
  for (const v of vectors.envelopes) {
    const place = { kind: v.kind as EnvelopeKind, epoch: v.epoch, context: hex(v.context) };
    const sealed = sealEnvelope(secret(v.key), place, hex(v.plaintext), (n) => hex(v.salt).slice(0, n));
    assert.equal(toHex(sealed), v.envelope, v.kind);
    assert.equal(toHex(openEnvelope(secret(v.key), place, sealed, "it")), v.plaintext);
  }
});

Deno.test("the oracle's secret envelope opens at its place", () => {
  const { name_key, name, sid } = vectors.sids[0], { key, envelope } = vectors.envelopes[0];
  assert.equal(deriveSid(secret(name_key), parseSecretName(name)), sid);
  const content = openSecret(
    { environment: secret(key), name: secret(name_key) },
    { ...vectors.secret_place, sid },
    hex(envelope),
  );
  assert.equal(content.name, "STRIPE_KEY");
  assert.equal(content.value.expose(fromUtf8), "sk_live_é");
});

Deno.test("the oracle's signed entry verifies, signs to the same bytes and gives the same ids", () => {
  const { signed, hash, user_id, fingerprint } = vectors.entry;
  const verified = verifySignedEntry(signed, "the entry");
  assert.equal(verified.hash, hash);
  assert.equal(userIdOf(verified.body), user_id);
  assert.equal(formatFingerprint(fingerprintOf(user_id, fromBase64Url(signed.sigs[0].key)!)), fingerprint);
  using key = SigningKey.fromSeed(Secret.take(new Uint8Array(32).fill(3)));
  assert.deepEqual(signEntry({ type: signed.type, body: verified.body }, key), signed);
});

Deno.test("root, commitments, grant and login signature are the oracle's", () => {
  const { root, commits, secret_place: place, grant, login } = vectors;
  assert.equal(snapshotRoot(root.items), root.root);
  assert.equal(keyCommit(place, secret(grant.k_env)), commits.key_commit);
  assert.equal(keyCommit({ ws: place.ws, epoch: 1 }, secret(grant.k_env)), commits.ws_key_commit);
  assert.equal(nameKeyCommit(place.project as ProjectId, secret(grant.k_name)), commits.name_key_commit);
  using receiving = ReceivingKey.fromPrivate(secret(grant.private));
  const both = { keyCommit: commits.key_commit, nameKeyCommit: commits.name_key_commit };
  const keys = openEnvironmentGrant(place, both, hex(grant.sealed), receiving);
  assert.deepEqual([shown(keys.environment), shown(keys.name)], [grant.k_env, grant.k_name]);
  using key = SigningKey.fromSeed(secret(login.seed));
  const challenge = { origin: login.origin, action: login.action, nonce: hex(login.nonce), body: hex(login.body) };
  assert.equal(toHex(signChallenge(key, challenge)), login.signature);
  assert.notEqual(toHex(signChallenge(key, { ...challenge, body: utf8("{}") })), login.signature);
});
