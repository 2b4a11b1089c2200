/** Examples printed in the RFCs, and other people's implementations where an RFC has inputs that ours does not take. */
import assert from "node:assert/strict";
import { argon2id as nobleArgon2id } from "@noble/hashes/argon2.js";
import { ed25519PublicKey, ed25519Signer } from "../../src/crypto/hazmat/ed25519.ts";
import { argon2id } from "../../src/crypto/hazmat/argon2id.ts";
import { hkdfSha256 } from "../../src/crypto/hazmat/hkdf.ts";
import { x25519PublicKey, x25519SharedSecret } from "../../src/crypto/hazmat/x25519.ts";
import { verifyEd25519 } from "../../src/crypto/verify/ed25519.ts";
import { sha256 } from "../../src/crypto/verify/sha256.ts";
import { utf8 } from "../../src/kernel/bytes.ts";
import { toHex } from "../../src/kernel/encoding.ts";

const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(text);

Deno.test("FIPS 180-4: SHA-256 of abc", () => {
  assert.equal(toHex(sha256(utf8("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert.equal(toHex(sha256(utf8("a"), utf8("bc"))), toHex(sha256(utf8("abc"))));
});

Deno.test("RFC 5869 A.1 to A.3: HKDF-SHA-256", () => {
  const long = (from: number): string => toHex(Uint8Array.from({ length: 80 }, (_, i) => from + i));
  const cases = [
    ["0b".repeat(22), "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9", 42, "3cb25f25faacd57a90434f64d0362f2a"],
    [long(0), long(0x60), long(0xb0), 82, "b11e398dc80327a1c8e7f78c596a4934"],
    ["0b".repeat(22), "", "", 42, "8da4e775a563c18f715f802a063c5a31"],
  ] as const;
  for (const [ikm, salt, info, length, begins] of cases) {
    const okm = hkdfSha256(hex(ikm), hex(salt), hex(info), length);
    assert.equal(okm.length, length);
    assert.equal(toHex(okm.subarray(0, 16)), begins);
  }
});

Deno.test("RFC 7748 §6.1: X25519 of Alice and Bob", () => {
  const alice = hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a");
  const bob = hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb");
  assert.equal(toHex(x25519PublicKey(alice)), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  assert.equal(toHex(x25519PublicKey(bob)), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  assert.equal(toHex(x25519SharedSecret(alice, x25519PublicKey(bob))!), shared);
  assert.equal(toHex(x25519SharedSecret(bob, x25519PublicKey(alice))!), shared);
});

Deno.test("RFC 8032 §7.1: Ed25519 tests 1 to 3", () => {
  const cases = [
    [
      "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
      "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
      "",
      "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ],
    [
      "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
      "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
      "72",
      "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ],
    [
      "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
      "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
      "af82",
      "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ],
  ] as const;
  for (const [seed, publicKey, message, signature] of cases) {
    assert.equal(toHex(ed25519PublicKey(hex(seed))), publicKey);
    assert.equal(toHex(ed25519Signer(hex(seed))(hex(message))), signature);
    assert.equal(verifyEd25519(hex(publicKey), hex(message), hex(signature)), true);
  }
});

Deno.test("RFC 9106: Argon2id agrees with @noble/hashes at several costs, suite 1's among them", async () => {
  for (const [memoryKiB, passes, lanes] of [[64, 1, 1], [256, 3, 4], [1024, 2, 2], [64 * 1024, 3, 4]] as const) {
    const password = utf8(`password ${memoryKiB}`), salt = utf8("0123456789abcdef");
    const ours = await argon2id(password, salt, { memoryKiB, passes, lanes });
    const theirs = nobleArgon2id(password, salt, { m: memoryKiB, t: passes, p: lanes, dkLen: 32, version: 0x13 });
    assert.equal(toHex(ours), toHex(theirs));
  }
});

Deno.test("RFC 9106 §5.3: @noble/hashes, which ours is compared with, gives the example's tag", () => {
  const tag = nobleArgon2id(new Uint8Array(32).fill(1), new Uint8Array(16).fill(2), {
    m: 32,
    t: 3,
    p: 4,
    dkLen: 32,
    version: 0x13,
    key: new Uint8Array(8).fill(3),
    personalization: new Uint8Array(12).fill(4),
  });
  assert.equal(toHex(tag), "0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659");
});
