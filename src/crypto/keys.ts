/**
 * Key pairs: Ed25519 for signing (A, D, L, R) and X25519 for receiving (X). Private halves are {@linkcode Secret}s.
 *
 * @module
 */

import type { Bytes, RandomBytes } from "../kernel/bytes.ts";
import { toBase64Url } from "../kernel/encoding.ts";
import { Secret } from "../kernel/secret.ts";
import { ed25519PublicKey, ed25519Signer } from "./hazmat/ed25519.ts";
import { openBox } from "./hazmat/sealed_box.ts";
import { x25519PublicKey } from "./hazmat/x25519.ts";

/** An Ed25519 key pair. Owns its seed: dispose of the pair when done. */
export class SigningKey implements Disposable {
  /** 32 bytes. */
  readonly publicKey: Bytes;
  /** {@linkcode publicKey} in base64url. */
  readonly publicKeyText: string;
  readonly #seed: Secret;
  #sign: ((message: Uint8Array) => Bytes) | undefined;

  private constructor(seed: Secret, publicKey: Bytes) {
    this.#seed = seed;
    this.publicKey = publicKey;
    this.publicKeyText = toBase64Url(publicKey);
  }

  /** The pair of a 32-byte seed. Takes ownership of `seed`. */
  static fromSeed(seed: Secret): SigningKey {
    // EXPOSE: the public key is computed from the seed
    return new SigningKey(seed, seed.expose(ed25519PublicKey));
  }

  /** A new pair. */
  static generate(random: RandomBytes): SigningKey {
    return SigningKey.fromSeed(Secret.take(random(32)));
  }

  /** A copy of the 32-byte seed, for the keychain or an envelope. The caller disposes of it. */
  seed(): Secret {
    return this.#seed.clone();
  }

  /** The 64-byte signature of `message`. */
  sign(message: Uint8Array): Bytes {
    // EXPOSE: signing needs the seed; a disposed one throws
    this.#sign ??= this.#seed.expose(ed25519Signer);
    return this.#sign(message);
  }

  [Symbol.dispose](): void {
    this.#sign = undefined;
    this.#seed.dispose();
  }
}

/** An X25519 key pair to which keys are sealed. Owns its private half. */
export class ReceivingKey implements Disposable {
  /** 32 bytes. */
  readonly publicKey: Bytes;
  /** {@linkcode publicKey} in base64url. */
  readonly publicKeyText: string;
  readonly #privateKey: Secret;

  private constructor(privateKey: Secret, publicKey: Bytes) {
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
    this.publicKeyText = toBase64Url(publicKey);
  }

  /** The pair of a 32-byte private key. Takes ownership of `privateKey`. */
  static fromPrivate(privateKey: Secret): ReceivingKey {
    // EXPOSE: the public key is computed from the private one
    return new ReceivingKey(privateKey, privateKey.expose(x25519PublicKey));
  }

  /** A new pair. */
  static generate(random: RandomBytes): ReceivingKey {
    return ReceivingKey.fromPrivate(Secret.take(random(32)));
  }

  /** A copy of the 32-byte private key, for the keychain or an envelope. The caller disposes of it. */
  privateKey(): Secret {
    return this.#privateKey.clone();
  }

  /** The message of a sealed box, or undefined when it was not sealed to this key or was changed. */
  open(box: Uint8Array): Bytes | undefined {
    // EXPOSE: opening a box needs the private key
    return this.#privateKey.expose((key) => openBox(box, this.publicKey, key));
  }

  [Symbol.dispose](): void {
    this.#privateKey.dispose();
  }
}
