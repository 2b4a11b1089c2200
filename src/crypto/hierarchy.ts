/**
 * Suite 1's derivations (docs/spec/protocol.md §1): password and account key to login key and KEK, recovery code to recovery
 * key and RKEK, workspace key to its purposes. Deterministic: the same input gives the same keys on every machine.
 *
 * @module
 */

import { type Bytes, concat, fromUtf8, utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import { Secret } from "../kernel/secret.ts";
import { argon2id } from "./hazmat/argon2id.ts";
import { deriveBytes, hkdfSha256 } from "./hazmat/hkdf.ts";
import { SigningKey } from "./keys.ts";

/** What a password and an account key open together. */
export interface PasswordKeys extends Disposable {
  /** Account lookup handle, 16 bytes. */
  readonly akId: Bytes;
  /** L: signs login and step-up. */
  readonly login: SigningKey;
  /** Wraps UK. */
  readonly kek: Secret;
}

/** What a recovery code opens. */
export interface RecoveryKeys extends Disposable {
  /** Recovery lookup handle, 16 bytes. */
  readonly rcId: Bytes;
  /** R: signs recovery. */
  readonly recovery: SigningKey;
  /** Wraps UK. */
  readonly rkek: Secret;
}

/** H(key, info, length) as a Secret. */
export function deriveSecret(key: Secret, info: string, length: number): Secret {
  // EXPOSE: keys are derived from keys
  return Secret.take(key.expose((bytes) => deriveBytes(bytes, info, length)));
}

/** `ak_id`: the account's lookup handle, 16 bytes. Needs no password. */
export function accountKeyId(accountKey: Secret): Bytes {
  // EXPOSE: the handle is derived from the key and says nothing about it
  return accountKey.expose((ak) => deriveBytes(ak, "ak-id", 16));
}

/**
 * The keys of a password and an account key (16 bytes). Takes about 0.2 s and 70 MiB: Argon2id at suite 1's cost.
 *
 * @throws {AppError} `invalid_input` when the password is not valid UTF-8
 */
export async function derivePasswordKeys(password: Secret, accountKey: Secret): Promise<PasswordKeys> {
  const normal = normalisePassword(password);
  // EXPOSE: Argon2id runs over the password with a salt from the account key
  const salt = accountKey.expose((ak) => deriveBytes(ak, "argon2-salt", 16));
  let stretched: Bytes;
  try {
    stretched = await argon2id(normal, salt);
  } finally {
    normal.fill(0);
  }
  // EXPOSE: AUK mixes both halves; neither the password nor the account key alone leads to it
  const auk = accountKey.expose((ak) => combine(stretched, ak));
  const login = SigningKey.fromSeed(deriveSecret(auk, "login-ed25519", 32));
  const kek = deriveSecret(auk, "kek", 32);
  auk.dispose();
  return {
    akId: accountKeyId(accountKey),
    login,
    kek,
    [Symbol.dispose]: () => (login[Symbol.dispose](), kek.dispose()),
  };
}

/** The keys of a recovery code (20 bytes): already random, so nothing is stretched. */
export function deriveRecoveryKeys(code: Secret): RecoveryKeys {
  // EXPOSE: the handle is derived from the code and says nothing about it
  const rcId = code.expose((rc) => deriveBytes(rc, "rc-id", 16));
  const recovery = SigningKey.fromSeed(deriveSecret(code, "recover-ed25519", 32));
  const rkek = deriveSecret(code, "rkek", 32);
  return { rcId, recovery, rkek, [Symbol.dispose]: () => (recovery[Symbol.dispose](), rkek.dispose()) };
}

/** NFKC, so that a password typed on another system gives the same bytes. */
function normalisePassword(password: Secret): Bytes {
  // EXPOSE: Unicode normalisation works on text
  return password.expose((bytes) => {
    try {
      return utf8(fromUtf8(bytes).normalize("NFKC"));
    } catch {
      throw new AppError("invalid_input", { what: "the password", reason: "it is not valid UTF-8" });
    }
  });
}

/** AUK = HKDF-SHA-256(P || AK, salt "agentsecrets/v1/2skd", info "auk", 32). Wipes `stretched`. */
function combine(stretched: Uint8Array, accountKey: Uint8Array): Secret {
  const both = concat(stretched, accountKey);
  const auk = hkdfSha256(both, utf8("agentsecrets/v1/2skd"), utf8("auk"), 32);
  both.fill(0);
  stretched.fill(0);
  return Secret.take(auk);
}
