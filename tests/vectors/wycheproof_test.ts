import assert from "node:assert/strict";
import { gcm } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { decryptAesGcm, encryptAesGcm } from "../../src/crypto/hazmat/aes_gcm.ts";
import { hkdfSha256, hmacSha256 } from "../../src/crypto/hazmat/hkdf.ts";
import { x25519PublicKey, x25519SharedSecret } from "../../src/crypto/hazmat/x25519.ts";
import { verifyEd25519 } from "../../src/crypto/verify/ed25519.ts";
import { isUsableX25519Key } from "../../src/crypto/verify/x25519_key.ts";
import { concat, equalBytes } from "../../src/kernel/bytes.ts";
import { toHex } from "../../src/kernel/encoding.ts";
import { wycheproofTest } from "../support/wycheproof.ts";

const hex = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.fromHex(text);

wycheproofTest("AES-256-GCM gives Wycheproof's verdicts", "aes_gcm_test.json", (vectors) => {
  const ours = vectors.filter((v) => v.keySize === 256 && v.ivSize === 96 && v.tagSize === 128);
  assert.ok(ours.length > 50);
  for (const v of ours) {
    const [key, iv, aad, msg] = [v.key, v.iv, v.aad, v.msg].map(hex) as [
      Uint8Array,
      Uint8Array,
      Uint8Array,
      Uint8Array,
    ];
    const sealed = concat(hex(v.ct), hex(v.tag));
    const opened = decryptAesGcm(key, iv, aad, sealed);
    assert.deepEqual(opened, v.result === "valid" ? msg : undefined, `tcId ${v.tcId}`);
    if (v.result === "valid") {
      assert.deepEqual(encryptAesGcm(key, iv, aad, msg), sealed, `tcId ${v.tcId}`);
      assert.deepEqual(new Uint8Array(gcm(key, iv, aad).encrypt(msg)), sealed, `noble, tcId ${v.tcId}`);
    }
  }
});

wycheproofTest("Ed25519 verification gives Wycheproof's verdicts", "ed25519_test.json", (vectors) => {
  for (const v of vectors) {
    assert.equal(verifyEd25519(hex(v.publicKey.pk), hex(v.msg), hex(v.sig)), v.result === "valid", `tcId ${v.tcId}`);
  }
});

wycheproofTest("X25519 agrees with Wycheproof and refuses every zero shared secret", "x25519_test.json", (vectors) => {
  for (const v of vectors) {
    const zero = v.flags.includes("ZeroSharedSecret");
    const shared = x25519SharedSecret(hex(v.private), hex(v.public));
    assert.equal(shared === undefined ? undefined : toHex(shared), zero ? undefined : v.shared, `tcId ${v.tcId}`);
    if (zero) assert.equal(isUsableX25519Key(hex(v.public)), false, `tcId ${v.tcId}`);
    assert.deepEqual(x25519PublicKey(hex(v.private)), new Uint8Array(x25519.getPublicKey(hex(v.private))));
  }
});

wycheproofTest("HKDF-SHA-256 gives Wycheproof's verdicts", "hkdf_sha256_test.json", (vectors) => {
  for (const v of vectors) {
    const derive = (): Uint8Array => hkdfSha256(hex(v.ikm), hex(v.salt), hex(v.info), v.size);
    if (v.result === "valid") assert.equal(toHex(derive()), v.okm, `tcId ${v.tcId}`);
    else assert.throws(derive, RangeError, `tcId ${v.tcId}`);
  }
});

wycheproofTest("HMAC-SHA-256 gives Wycheproof's verdicts", "hmac_sha256_test.json", (vectors) => {
  for (const v of vectors) {
    const tag = hmacSha256(hex(v.key), hex(v.msg)).subarray(0, v.tagSize / 8);
    assert.equal(equalBytes(tag, hex(v.tag)), v.result === "valid", `tcId ${v.tcId}`);
  }
});
