import assert from "node:assert/strict";
import fc from "fast-check";
import {
  generateKey,
  keyCommit,
  nameKeyCommit,
  openEnvironmentGrant,
  openWorkspaceGrant,
  sealEnvironmentGrant,
  sealWorkspaceGrant,
  unwrapPreviousKey,
  wrapPreviousKey,
} from "../../../src/crypto/grants.ts";
import { sealEnvelope } from "../../../src/crypto/envelope.ts";
import { deriveSecret } from "../../../src/crypto/hierarchy.ts";
import { sealBox } from "../../../src/crypto/hazmat/sealed_box.ts";
import { ReceivingKey } from "../../../src/crypto/keys.ts";
import {
  namesEpoch,
  openAuditDetail,
  openNames,
  openPins,
  sealAuditDetail,
  sealNames,
  sealPins,
} from "../../../src/crypto/sealed_names.ts";
import {
  deriveSid,
  openSecret,
  sealSecret,
  type SecretContent,
  type SecretPlace,
} from "../../../src/crypto/secret_envelope.ts";
import { envelopeHash } from "../../../src/crypto/verify/snapshot_root.ts";
import { fromUtf8, lengthPrefixed, u32be, u64be, utf8 } from "../../../src/kernel/bytes.ts";
import { fromHex, toBase64Url } from "../../../src/kernel/encoding.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { parseSecretName } from "../../../src/kernel/names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { World } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const random = seededRandom("secrets");
const world = new World();
const keys = { environment: generateKey(random), name: generateKey(random) };
const name = parseSecretName("STRIPE_KEY");
const place: SecretPlace = { ...world.envPlace(), sid: deriveSid(keys.name, name), ver: 3 };
const refused = (error: unknown): boolean => isAppError(error, "decryption_failed");
const text = (value: Secret): string => value.expose(fromUtf8);

Deno.test("a secret opens to its name, value, note and binding, whatever characters they hold", () => {
  const line = fc.string({ unit: "binary", maxLength: 200 }).filter((s) => s.isWellFormed());
  const optional = fc.option(fc.array(line, { maxLength: 3 }), { nil: undefined });
  fc.assert(
    fc.property(line, fc.option(line, { nil: undefined }), optional, optional, (value, note, domains, methods) => {
      const binding = domains === undefined && methods === undefined ? undefined : {
        ...(domains === undefined ? {} : { domains }),
        ...(methods === undefined ? {} : { methods }),
      };
      const extra = { ...(note === undefined ? {} : { note }), ...(binding === undefined ? {} : { binding }) };
      const sealed = sealSecret(keys, place, { name, value: Secret.fromText(value), ...extra }, random);
      const { value: opened, ...rest } = openSecret(keys, place, sealed);
      assert.equal(text(opened), value);
      assert.deepEqual(rest, { name, ...extra });
    }),
  );
});

Deno.test("a secret opens at its own place only: no swap, no older version, no other environment or epoch", () => {
  const sealed = sealSecret(keys, place, { name, value: Secret.fromText("x") }, random);
  const other = new World().envPlace();
  const elsewhere: Partial<SecretPlace>[] = [
    { ver: 2 },
    { ver: 4 },
    { epoch: 2 },
    { sid: deriveSid(keys.name, parseSecretName("OTHER")) },
    { env: "e_zzzzzzzzzzzzzzzz" as typeof other.env },
    { project: "p_zzzzzzzzzzzzzzzz" as typeof other.project },
    { ws: `w_${"z".repeat(32)}` as typeof other.ws },
  ];
  for (const change of elsewhere) {
    assert.throws(() => openSecret(keys, { ...place, ...change }, sealed), refused, Object.keys(change)[0]);
  }
  assert.throws(() => openSecret({ ...keys, environment: generateKey(random) }, place, sealed), refused);
});

Deno.test("a holder of the environment key cannot pass one name's value off as another's", () => {
  const context = lengthPrefixed(
    utf8(place.ws),
    utf8(place.project),
    utf8(place.env),
    fromHex(place.sid)!,
    u64be(place.ver),
    u32be(place.epoch),
  );
  const at = { kind: "secret", epoch: place.epoch, context } as const;
  const forged = (json: string): Uint8Array => sealEnvelope(keys.environment, at, utf8(json), random);
  const good = `{"name":"STRIPE_KEY","value":"x"}`;
  assert.equal(text(openSecret(keys, place, forged(good)).value), "x");
  for (
    const bad of [
      `{"name":"OTHER","value":"x"}`,
      `{"name":"STRIPE_KEY"}`,
      `{"name":"STRIPE_KEY","value":1}`,
      `{"name":"STRIPE_KEY","value":"x","more":1}`,
      `{"name":"STRIPE_KEY","value":"x","note":1}`,
      `{"name":"STRIPE_KEY","value":"x","binding":[]}`,
      `{"name":"STRIPE_KEY","value":"x","binding":{"paths":[]}}`,
      `{"name":"STRIPE_KEY","value":"x","binding":{"domains":[1]}}`,
      `{"name":"STRIPE_KEY","value":"x","binding":{"domains":"a"}}`,
      `null`,
      `{`,
    ]
  ) assert.throws(() => openSecret(keys, place, forged(bad)), refused, bad);
  assert.throws(() => openSecret({ ...keys, name: generateKey(random) }, place, forged(good)), refused);
});

Deno.test("a secret is not sealed under another name's handle, nor when it is not text", () => {
  const content: SecretContent = { name: parseSecretName("OTHER"), value: Secret.fromText("x") };
  assert.throws(() => sealSecret(keys, place, content, random), RangeError);
  const binary = { name, value: Secret.take(Uint8Array.of(0xff)) };
  assert.throws(() => sealSecret(keys, place, binary, random), (error) => isAppError(error, "invalid_value"));
});

Deno.test("handles of names depend on name and key and say nothing else", () => {
  assert.match(place.sid, /^[0-9a-f]{32}$/);
  assert.equal(deriveSid(keys.name, name), place.sid);
  assert.notEqual(deriveSid(generateKey(random), name), place.sid);
});

Deno.test("a grant gives exactly the committed keys to its recipient and nobody else", () => {
  const x = ReceivingKey.generate(random), at = world.envPlace();
  const commits = {
    keyCommit: keyCommit(at, keys.environment),
    nameKeyCommit: nameKeyCommit(at.project, keys.name),
  };
  const sealed = sealEnvironmentGrant(at, keys, x.publicKey, random);
  assert.equal(sealed.grant_hash, envelopeHash(sealed.grant));
  assert.equal(sealed.enc_pk_hash, envelopeHash(x.publicKey));
  const opened = openEnvironmentGrant(at, commits, sealed.grant, x);
  assert.ok(opened.environment.equals(keys.environment) && opened.name.equals(keys.name));

  const open = (place = at, against = commits, grant: Uint8Array = sealed.grant, key = x): unknown =>
    openEnvironmentGrant(place, against, grant, key);
  assert.throws(() => open({ ...at, epoch: 2 }), refused);
  assert.throws(() => open(at, commits, sealed.grant, ReceivingKey.generate(random)), refused);
  assert.throws(() => open(at, { ...commits, keyCommit: commits.nameKeyCommit }), refused);
  assert.throws(() => open(at, { ...commits, nameKeyCommit: commits.keyCommit }), refused);
  // An own K_env or K_name, sealed by anyone who knows the public key: two keys for one epoch.
  const ownEnvironment = sealEnvironmentGrant(at, { ...keys, environment: generateKey(random) }, x.publicKey, random);
  const ownName = sealEnvironmentGrant(at, { ...keys, name: generateKey(random) }, x.publicKey, random);
  assert.throws(() => open(at, commits, ownEnvironment.grant), refused);
  assert.throws(() => open(at, commits, ownName.grant), refused);
  const elsewhere = sealEnvironmentGrant({ ...at, epoch: 2 }, keys, x.publicKey, random);
  assert.throws(() => open(at, commits, elsewhere.grant), refused);
  for (const length of [0, 47, 48, 100]) {
    assert.throws(() => open(at, commits, sealBox(new Uint8Array(length), x.publicKey, random)), refused);
    assert.throws(() => open(at, commits, new Uint8Array(length)), refused);
  }
});

Deno.test("the workspace key is granted in the same way", () => {
  const x = ReceivingKey.generate(random), at = { ws: world.ws.id, epoch: 1 }, key = generateKey(random);
  const { grant } = sealWorkspaceGrant(at, key, x.publicKey, random), commit = keyCommit(at, key);
  assert.ok(openWorkspaceGrant(at, commit, grant, x).equals(key));
  assert.throws(() => openWorkspaceGrant({ ...at, epoch: 2 }, commit, grant, x), refused);
  assert.throws(() => openWorkspaceGrant(at, keyCommit(at, generateKey(random)), grant, x), refused);
});

Deno.test("a new epoch's key leads to the previous one, checked against its commitment", () => {
  const before = world.envPlace(1), at = world.envPlace(2), next = generateKey(random);
  const wrap = wrapPreviousKey(at, next, keys.environment, random), commit = keyCommit(before, keys.environment);
  assert.ok(unwrapPreviousKey(at, next, wrap, commit).equals(keys.environment));
  assert.throws(() => unwrapPreviousKey(world.envPlace(3), next, wrap, commit), refused);
  assert.throws(() => unwrapPreviousKey(at, keys.environment, wrap, commit), refused);
  assert.throws(() => unwrapPreviousKey(at, next, wrap, keyCommit(at, next)), refused);
});

Deno.test("names, audit details and pins open at their place and under their key only", () => {
  const key = generateKey(random), at = { ws: world.ws.id, id: world.project, epoch: 2 };
  const sealed = sealNames(key, at, { name: "Shop ✓", description: "sells" }, random);
  assert.deepEqual(openNames(key, at, sealed), { name: "Shop ✓", description: "sells" });
  assert.deepEqual(openNames(key, at, sealNames(key, at, { name: "x" }, random)), { name: "x" });
  assert.equal(namesEpoch(sealed), 2);
  for (const change of [{ id: world.env }, { epoch: 1 }, { ws: `w_${"z".repeat(32)}` as typeof at.ws }]) {
    assert.throws(() => openNames(key, { ...at, ...change }, sealed), refused);
  }
  assert.throws(() => openNames(generateKey(random), at, sealed), refused);
  assert.throws(() => openNames(key, at, "!"), refused);

  using namesKey = deriveSecret(key, "names", 32);
  const namesPlace = { kind: "names", epoch: 2, context: lengthPrefixed(utf8(at.ws), utf8(at.id)) } as const;
  const forged = (json: string): string => toBase64Url(sealEnvelope(namesKey, namesPlace, utf8(json), random));
  assert.deepEqual(openNames(key, at, forged(`{"name":"x"}`)), { name: "x" });
  for (const bad of [`{}`, `{"name":1}`, `{"name":"x","more":1}`, `{"name":"x","description":1}`, `[]`, `null`, `{`]) {
    assert.throws(() => openNames(key, at, forged(bad)), refused, bad);
  }

  const record = { ws: world.ws.id, source: "d_x", seq: 1, epoch: 1 };
  const detail = sealAuditDetail(key, record, "path", random);
  assert.equal(openAuditDetail(key, record, detail), "path");
  assert.throws(() => openAuditDetail(key, { ...record, seq: 2 }, detail), refused);

  const pins = sealPins(key, world.owner.id, "{}", random);
  assert.equal(openPins(key, world.owner.id, pins), "{}");
  assert.throws(() => openPins(key, world.meet("other").id, pins), refused);
});
