import assert from "node:assert/strict";
import { ed25519 } from "@noble/curves/ed25519.js";
import { SigningKey } from "../../../../src/crypto/keys.ts";
import { signEntry } from "../../../../src/crypto/sign_entry.ts";
import { isUsableEd25519Key, verifyEd25519 } from "../../../../src/crypto/verify/ed25519.ts";
import { payloadType, preAuthEncoding, verifySignedEntry } from "../../../../src/crypto/verify/signed_entry.ts";
import { fromUtf8, utf8 } from "../../../../src/kernel/bytes.ts";
import { isAppError } from "../../../../src/kernel/error.ts";
import { toHex } from "../../../../src/kernel/encoding.ts";
import { seededRandom } from "../../../support/seeded_random.ts";

const random = seededRandom("verify");

/** All points of small order in every encoding that some implementation takes. */
const SMALL_ORDER = [
  "0100000000000000000000000000000000000000000000000000000000000000",
  "0100000000000000000000000000000000000000000000000000000000000080",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "0000000000000000000000000000000000000000000000000000000000000000",
  "0000000000000000000000000000000000000000000000000000000000000080",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
  "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
];

Deno.test("no key of small order is usable, so none verifies every message", () => {
  for (const point of SMALL_ORDER) {
    const key = Uint8Array.fromHex(point);
    assert.equal(isUsableEd25519Key(key), false, point);
    // R = the key itself and S = 0 satisfies the equation for small-order keys and suitable messages.
    for (let i = 0; i < 16; i++) {
      assert.equal(verifyEd25519(key, utf8(`${i}`), new Uint8Array([...key, ...new Uint8Array(32)])), false);
    }
  }
});

Deno.test("a signature with a small-order or non-canonical R is refused", () => {
  using key = SigningKey.generate(random);
  const signature = key.sign(utf8("x"));
  for (const point of SMALL_ORDER) {
    const changed = signature.slice();
    changed.set(Uint8Array.fromHex(point));
    assert.equal(verifyEd25519(key.publicKey, utf8("x"), changed), false);
  }
});

Deno.test("S + L, a second signature for the same message, is refused", () => {
  using key = SigningKey.generate(random);
  const message = utf8("x"), signature = key.sign(message);
  assert.equal(verifyEd25519(key.publicKey, message, signature), true);
  const order = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;
  const s = BigInt(`0x${toHex(signature.slice(32).reverse())}`) + order;
  const twin = signature.slice();
  twin.set(Uint8Array.fromHex(s.toString(16).padStart(64, "0")).reverse(), 32);
  assert.equal(verifyEd25519(key.publicKey, message, twin), false);
});

Deno.test("keys, signatures and verdicts are noble's", () => {
  for (let i = 0; i < 20; i++) {
    using key = SigningKey.generate(random);
    const message = random(i * 5), seed = key.seed().expose((bytes) => bytes.slice());
    assert.deepEqual(key.publicKey, new Uint8Array(ed25519.getPublicKey(seed)));
    const signature = key.sign(message);
    assert.deepEqual(signature, new Uint8Array(ed25519.sign(message, seed)));
    for (let byte = 0; byte < 64; byte++) {
      const changed = signature.slice();
      changed[byte]! ^= 1;
      assert.equal(verifyEd25519(key.publicKey, message, changed), false);
    }
  }
});

Deno.test("keys and signatures of wrong length are refused, not thrown over", () => {
  using key = SigningKey.generate(random);
  const signature = key.sign(utf8("x"));
  assert.equal(verifyEd25519(key.publicKey.subarray(1), utf8("x"), signature), false);
  assert.equal(verifyEd25519(key.publicKey, utf8("x"), signature.subarray(1)), false);
  assert.equal(verifyEd25519(new Uint8Array(32).fill(2), utf8("x"), signature), false);
});

Deno.test("the pre-authentication encoding is DSSE's", () => {
  const media = payloadType("env.commit");
  assert.equal(media, "application/vnd.agentsecrets.env.commit+json");
  assert.equal(fromUtf8(preAuthEncoding("env.commit", utf8("{}"))), `DSSEv1 ${media.length} ${media} 2 {}`);
});

Deno.test("an entry whose type, body, key or any signature was changed is refused", () => {
  using a = SigningKey.generate(random);
  using b = SigningKey.generate(random);
  const entry = signEntry({ type: "ws.update", body: utf8("{}") }, a, b);
  assert.deepEqual(verifySignedEntry(entry, "it").signers, [a.publicKeyText, b.publicKeyText]);
  const first = entry.sigs[0]!, second = entry.sigs[1]!;
  const wrong = [
    { ...entry, type: "ws.delete" },
    { ...entry, body: entry.body + "AA" },
    { ...entry, body: "" },
    { ...entry, body: "!" },
    { ...entry, sigs: [] },
    { ...entry, sigs: [first, first] },
    { ...entry, sigs: [first, { key: second.key, sig: first.sig }] },
    { ...entry, sigs: [{ key: second.key, sig: first.sig }] },
    { ...entry, sigs: [{ key: first.key, sig: "" }] },
    { ...entry, sigs: [{ key: "", sig: first.sig }] },
    { ...entry, sigs: [{ key: "!", sig: first.sig }] },
    { ...entry, sigs: [{ key: first.key, sig: "!" }] },
  ];
  for (const bad of wrong) {
    assert.throws(() => verifySignedEntry(bad, "it"), (error) => isAppError(error, "signature_invalid"));
  }
});
