import assert from "node:assert/strict";
import type { SignedEntry } from "../../../src/contract/entry_fields.ts";
import { ReceivingKey, SigningKey } from "../../../src/crypto/keys.ts";
import { signEntry } from "../../../src/crypto/sign_entry.ts";
import { appendAccountEntries, replayAccountLog } from "../../../src/ledger/account_log.ts";
import { accountFingerprint, activeDevices, deviceByKey, signingKey } from "../../../src/ledger/account_state.ts";
import { buildAccountEntry, type UnsignedEntry } from "../../../src/ledger/build_entry.ts";
import { checkFingerprintPin, checkPin } from "../../../src/ledger/pin.ts";
import { isAppError } from "../../../src/kernel/error.ts";
import { deviceOf, forge, NOW, Person } from "../../support/ledger_world.ts";
import { seededRandom } from "../../support/seeded_random.ts";

const random = seededRandom("account log");
const other = new Person("other");

/** Each row must be refused for the reason it names; deleting the rule's line makes the row go red. */
function refused(reason: RegExp, run: () => unknown): void {
  assert.throws(run, (error) => isAppError(error, "log_invalid") && reason.test(error.message));
}

Deno.test("an account log replays to its keys and devices, and incrementally to the same", () => {
  const me = new Person("me");
  const laptop = SigningKey.generate(random), phone = deviceOf("phone", SigningKey.generate(random));
  me.append("device.add", deviceOf("laptop", laptop), me.a, laptop);
  me.append("device.revoke", { device_id: deviceOf("laptop", laptop).device_id }, me.a);
  me.append("enc.rotate", { enc_pk: ReceivingKey.generate(random).publicKeyText }, me.a);
  me.append("recovery.set", { recovery_pk: SigningKey.generate(random).publicKeyText }, me.a);
  const whole = replayAccountLog(me.entries, me.id);
  assert.deepEqual(whole, me.account);
  assert.equal(whole.head.seq, 6);
  assert.deepEqual(activeDevices(whole).map((d) => d.key), [me.d.publicKeyText]);
  assert.equal(deviceByKey(whole, laptop.publicKeyText, 3)?.label, "laptop");
  assert.equal(deviceByKey(whole, laptop.publicKeyText, 2), undefined);
  assert.equal(deviceByKey(whole, laptop.publicKeyText, 4), undefined);
  assert.notEqual(whole.devices.get(phone.device_id), null);
});

Deno.test("the genesis gives the account its id: another genesis is another account", () => {
  refused(/another account's/, () => replayAccountLog(other.entries, new Person("me").id));
  refused(/it is missing/, () => replayAccountLog([]));
});

Deno.test("an account log begins with a genesis", () => {
  const me = new Person("me");
  const first = forge(me.entries[1]!, (b) => ({ ...b, seq: 1, prev: null }), me.a, me.d);
  refused(/not a genesis/, () => replayAccountLog([first]));
});

Deno.test("a genesis is signed by the key it names", () => {
  const me = new Person("me");
  refused(/not signed by its own key/, () => replayAccountLog([forge(me.entries[0]!, (b) => b, other.a)]));
  refused(/not signed by its own key/, () => replayAccountLog([forge(me.entries[0]!, (b) => b, me.a, other.a)]));
});

const RULES: readonly (readonly [string, RegExp, (me: Person) => SignedEntry])[] = [
  ["a second genesis", /says that it is entry 1/, (me) => me.entries[0]!],
  ["another account's entry", /another account's/, (me) => forge(next(me), (b) => ({ ...b, user: other.id }), me.a)],
  [
    "an entry signed by a device instead of A",
    /not signed by the account's key/,
    (me) => signEntry(unsigned(me), me.d),
  ],
  ["an entry signed by a stranger's A", /not signed by the account's key/, (me) => signEntry(unsigned(me), other.a)],
  [
    "an entry with a signature too many",
    /not signed by the account's key/,
    (me) => signEntry(unsigned(me), me.a, other.a),
  ],
  ["a gap", /says that it is entry/, (me) => forge(next(me), (b) => ({ ...b, seq: 9 }), me.a)],
  ["a fork", /does not follow/, (me) => forge(next(me), (b) => ({ ...b, prev: other.account.head.hash }), me.a)],
  ["an unknown field", /not of a known form/, (me) => forge(next(me), (b) => ({ ...b, extra: 1 }), me.a)],
  [
    "an unknown field of the payload",
    /not of a known form/,
    (me) => forge(next(me), (b) => ({ ...b, payload: { ...(b.payload as object), extra: 1 } }), me.a),
  ],
  ["an unknown version", /not of a known form/, (me) => forge(next(me), (b) => ({ ...b, v: 2 }), me.a)],
  [
    "a type other than the signed one",
    /not the signed one/,
    (me) => signEntry({ type: "device.revoke", body: unsigned(me).body }, me.a),
  ],
  [
    "a body that is no JSON",
    /not JSON/,
    (me) => signEntry({ type: "device.add", body: new TextEncoder().encode("{") }, me.a),
  ],
  [
    "a device without the device's signature",
    /not signed by the account's key/,
    (me) => signEntry(added(me, "new", SigningKey.generate(random)), me.a),
  ],
  ["a device that is there", /added before/, (me) => {
    const key = SigningKey.generate(random);
    return signEntry(added(me, "d me", key), me.a, key);
  }],
  ["a device with another device's key", /used before/, (me) => signEntry(added(me, "new", me.d), me.a, me.d)],
  ["a device with A's key", /not signed by/, (me) => signEntry(added(me, "new", me.a), me.a)],
  ["the revocation of a device that is not there", /no such device/, (me) =>
    signEntry(
      buildAccountEntry(me.account, "device.revoke", { device_id: deviceOf("x", me.d).device_id }, NOW),
      me.a,
    )],
  [
    "a receiving key of small order",
    /not usable/,
    (me) => signEntry(buildAccountEntry(me.account, "enc.rotate", { enc_pk: "A".repeat(43) }, NOW), me.a),
  ],
  [
    "a receiving key that was used before",
    /used before/,
    (me) => signEntry(buildAccountEntry(me.account, "enc.rotate", { enc_pk: me.x.publicKeyText }, NOW), me.a),
  ],
  ["a new A without its signature", /not signed by the account's key/, (me) => {
    const key = SigningKey.generate(random);
    return signEntry(buildAccountEntry(me.account, "admin.rotate", { sig_pk: key.publicKeyText }, NOW), me.a);
  }],
  [
    "a new A that is a device's key",
    /used before/,
    (me) => signEntry(buildAccountEntry(me.account, "admin.rotate", { sig_pk: me.d.publicKeyText }, NOW), me.a, me.d),
  ],
];

function unsigned(me: Person): UnsignedEntry {
  return buildAccountEntry(me.account, "recovery.set", { recovery_pk: me.d.publicKeyText }, NOW);
}

function next(me: Person): SignedEntry {
  return signEntry(unsigned(me), me.a);
}

function added(me: Person, name: string, key: SigningKey): UnsignedEntry {
  return buildAccountEntry(me.account, "device.add", deviceOf(name, key), NOW);
}

for (const [what, reason, entry] of RULES) {
  Deno.test(`an account log refuses ${what}`, () => {
    const me = new Person("me");
    const before = structuredClone(me.account);
    refused(reason, () => appendAccountEntries(me.account, [entry(me)]));
    assert.deepEqual(me.account, before);
  });
}

Deno.test("the valid twin of the refused entries is taken", () => {
  const me = new Person("me");
  assert.equal(appendAccountEntries(me.account, [next(me)]).head.seq, 3);
});

Deno.test("a genesis with a receiving key of small order is refused", () => {
  const me = new Person("me");
  const weak = forge(
    me.entries[0]!,
    (b) => ({ ...b, payload: { ...(b.payload as object), enc_pk: "A".repeat(43) } }),
    me.a,
  );
  refused(/not usable/, () => replayAccountLog([weak]));
});

Deno.test("a revoked device cannot be revoked twice and stays revoked", () => {
  const me = new Person("me");
  const { device_id } = deviceOf("d me", me.d);
  me.append("device.revoke", { device_id }, me.a);
  refused(/no such device/, () => me.append("device.revoke", { device_id }, me.a));
  refused(/added before/, () => me.append("device.add", deviceOf("d me", me.d), me.a, me.d));
  refused(/used before/, () => me.append("device.add", deviceOf("again", me.d), me.a, me.d));
});

Deno.test("after a rotation of A only the new one signs, and the old one is right for the past", () => {
  const me = new Person("me");
  const key = SigningKey.generate(random), before = accountFingerprint(me.account);
  me.append("admin.rotate", { sig_pk: key.publicKeyText }, me.a, key);
  refused(/not signed by the account's key/, () => appendAccountEntries(me.account, [next(me)]));
  assert.equal(signingKey(me.account), key.publicKeyText);
  assert.equal(signingKey(me.account, 2), me.a.publicKeyText);
  assert.throws(
    () => checkFingerprintPin("the account", accountFingerprint(me.account), before),
    (error) => isAppError(error, "pin_mismatch"),
  );
  checkFingerprintPin("the account", before, before);
  checkFingerprintPin("the account", before, undefined);
});

Deno.test("recovery ends every device", () => {
  const me = new Person("me");
  me.append("account.recovered", { recovery_pk: SigningKey.generate(random).publicKeyText }, me.a);
  assert.deepEqual(activeDevices(me.account), []);
});

Deno.test("a pinned log may grow; it may not shrink or differ", () => {
  const { hashes, head } = new Person("me").account;
  checkPin("it", hashes, undefined);
  checkPin("it", hashes, head);
  checkPin("it", hashes, { seq: 1, hash: hashes[0]! });
  const pins = [[3, head.hash, /older/], [1, head.hash, /contradicts/], [2, hashes[0]!, /contradicts/]] as const;
  for (const [seq, hash, reason] of pins) {
    assert.throws(
      () => checkPin("it", hashes, { seq, hash }),
      (error) => isAppError(error, "pin_mismatch") && reason.test(error.message),
    );
  }
});
