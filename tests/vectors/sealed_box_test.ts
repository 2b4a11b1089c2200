import assert from "node:assert/strict";
import fc from "fast-check";
import sodium from "libsodium-wrappers-sumo";
import { openBox, sealBox, SEALED_BOX_OVERHEAD } from "../../src/crypto/hazmat/sealed_box.ts";
import { x25519PublicKey } from "../../src/crypto/hazmat/x25519.ts";
import { seededRandom } from "../support/seeded_random.ts";

await sodium.ready;
const random = seededRandom("sealed box");
const privateKey = random(32), publicKey = x25519PublicKey(privateKey);
const message = fc.uint8Array({ maxLength: 300 });

Deno.test("libsodium opens the sealed boxes made here", () => {
  fc.assert(fc.property(message, (text) => {
    const box = sealBox(text, publicKey, random);
    assert.equal(box.length, text.length + SEALED_BOX_OVERHEAD);
    assert.deepEqual(new Uint8Array(sodium.crypto_box_seal_open(box, publicKey, privateKey)), new Uint8Array(text));
  }));
});

Deno.test("libsodium's sealed boxes open here", () => {
  fc.assert(fc.property(message, (text) => {
    const box = sodium.crypto_box_seal(text, publicKey);
    assert.deepEqual(openBox(box, publicKey, privateKey), new Uint8Array(text));
  }));
});

Deno.test("a box with any bit flipped, cut anywhere, or for another key does not open", () => {
  const box = sealBox(Uint8Array.of(1, 2, 3), publicKey, random);
  for (let bit = 0; bit < box.length * 8; bit++) {
    const changed = box.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    assert.equal(openBox(changed, publicKey, privateKey), undefined, `bit ${bit}`);
  }
  for (let length = 0; length < box.length; length++) {
    assert.equal(openBox(box.slice(0, length), publicKey, privateKey), undefined, `length ${length}`);
  }
  const other = random(32);
  assert.equal(openBox(box, x25519PublicKey(other), other), undefined);
});

Deno.test("nothing is sealed to a key of small order, for which everyone knows the shared secret", () => {
  assert.throws(() => sealBox(Uint8Array.of(1), new Uint8Array(32), random), RangeError);
  assert.equal(openBox(new Uint8Array(64), publicKey, privateKey), undefined);
});
