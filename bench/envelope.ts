/** Sealing and opening one secret against bare AES-256-GCM of the same bytes. */
import { createCipheriv, createDecipheriv } from "node:crypto";
import { utf8 } from "../src/kernel/bytes.ts";
import { Secret } from "../src/kernel/secret.ts";
import { openEnvelope, sealEnvelope } from "../src/crypto/envelope.ts";
import { compare, print } from "./measure.ts";

const EACH = 2000;

export async function bench(): Promise<void> {
  const random = (length: number): Uint8Array<ArrayBuffer> => crypto.getRandomValues(new Uint8Array(length));
  const raw = random(32), key = Secret.copyOf(raw);
  const place = { kind: "secret", epoch: 1, context: utf8("a place") } as const;
  const plaintext = utf8(JSON.stringify({ name: "STRIPE_KEY", value: "sk_test_".padEnd(40, "x") }));
  const envelope = sealEnvelope(key, place, plaintext, random);
  const many = (work: () => void) => (): void => {
    for (let i = 0; i < EACH; i++) work();
  };
  const bareSeal = (): Uint8Array => {
    const cipher = createCipheriv("aes-256-gcm", raw, random(12));
    return new Uint8Array([...cipher.update(plaintext), ...cipher.final(), ...cipher.getAuthTag()]);
  };
  const nonce = random(12);
  const cipher = createCipheriv("aes-256-gcm", raw, nonce);
  const sealed = new Uint8Array([...cipher.update(plaintext), ...cipher.final()]), tag = cipher.getAuthTag();
  const figures = await compare(15, [
    { name: `bare AES-256-GCM encrypt`, run: many(bareSeal) },
    { name: `seal one secret`, run: many(() => sealEnvelope(key, place, plaintext, random)) },
    {
      name: `bare AES-256-GCM decrypt`,
      run: many(() => {
        const decipher = createDecipheriv("aes-256-gcm", raw, nonce);
        decipher.setAuthTag(tag);
        decipher.update(sealed);
        decipher.final();
      }),
    },
    { name: `open one secret`, run: many(() => openEnvelope(key, place, envelope, "it").fill(0)) },
  ]);
  const each = figures.map((f) => ({ ...f, medianMs: f.medianMs / EACH, p90Ms: f.p90Ms / EACH }));
  print("Envelopes, one each (a key per envelope, commitment, padding)", each);
}
