/**
 * The user key UK and what it protects (docs/spec/protocol.md §1, §3 kinds 2 and 3): UK wrapped by password and by recovery
 * code, and the private halves of A and X under UK.
 *
 * @module
 */

import { equalBytes, lengthPrefixed, type RandomBytes, utf8 } from "../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { UserId } from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import { type EnvelopePlace, openEnvelope, sealEnvelope } from "./envelope.ts";
import { ReceivingKey, SigningKey } from "./keys.ts";

/** By which of its two ways UK is wrapped. */
export type WrapWay = "password" | "recovery";

/** The private halves of A and X, each an envelope (kind 3) in base64url. */
export interface Keyset {
  readonly sig: string;
  readonly enc: string;
}

/** The public keys that the account's log names: a keyset that gives others is refused. */
export interface ExpectedKeys {
  /** 32 bytes. */
  readonly sigPk: Uint8Array;
  /** 32 bytes. */
  readonly encPk: Uint8Array;
}

/** A and X, opened. */
export interface AccountKeys extends Disposable {
  /** A: governance; exists only for the seconds after the password. */
  readonly admin: SigningKey;
  /** X: receives keys. */
  readonly receiving: ReceivingKey;
}

/** A and X as one disposable. Takes ownership of both. */
export function accountKeys(admin: SigningKey, receiving: ReceivingKey): AccountKeys {
  return { admin, receiving, [Symbol.dispose]: () => (admin[Symbol.dispose](), receiving[Symbol.dispose]()) };
}

function wrapPlace(user: UserId, way: WrapWay): EnvelopePlace {
  return { kind: "uk-wrap", epoch: 0, context: lengthPrefixed(utf8(user), utf8(way)) };
}

function keysetPlace(user: UserId, part: keyof Keyset, publicKey: Uint8Array): EnvelopePlace {
  return { kind: "keyset", epoch: 0, context: lengthPrefixed(utf8(user), utf8(part), publicKey) };
}

/** UK, new. */
export function generateUserKey(random: RandomBytes): Secret {
  return Secret.take(random(32));
}

/** UK under KEK or RKEK, in base64url. */
export function wrapUserKey(
  wrapping: Secret,
  user: UserId,
  way: WrapWay,
  userKey: Secret,
  random: RandomBytes,
): string {
  // EXPOSE: the key is what is wrapped
  return userKey.expose((uk) => toBase64Url(sealEnvelope(wrapping, wrapPlace(user, way), uk, random)));
}

/** UK. @throws {AppError} `decryption_failed` */
export function unwrapUserKey(wrapping: Secret, user: UserId, way: WrapWay, wrap: string): Secret {
  const what = "the account's user key";
  const uk = openEnvelope(wrapping, wrapPlace(user, way), fromBase64Url(wrap) ?? new Uint8Array(0), what);
  if (uk.length !== 32) throw new AppError("decryption_failed", { what });
  return Secret.take(uk);
}

/** The private halves of A and X under UK. */
export function sealKeyset(userKey: Secret, user: UserId, keys: AccountKeys, random: RandomBytes): Keyset {
  using seed = keys.admin.seed();
  using privateKey = keys.receiving.privateKey();
  const seal = (part: keyof Keyset, publicKey: Uint8Array, half: Secret): string =>
    // EXPOSE: the private half is what is sealed
    half.expose((bytes) => toBase64Url(sealEnvelope(userKey, keysetPlace(user, part, publicKey), bytes, random)));
  return { sig: seal("sig", keys.admin.publicKey, seed), enc: seal("enc", keys.receiving.publicKey, privateKey) };
}

/**
 * A and X, checked against the keys that the verified account log names.
 *
 * @throws {AppError} `decryption_failed`
 */
export function openKeyset(userKey: Secret, user: UserId, keyset: Keyset, expected: ExpectedKeys): AccountKeys {
  const what = "the account's keys";
  const open = (part: keyof Keyset, publicKey: Uint8Array): Secret => {
    const envelope = fromBase64Url(keyset[part]) ?? new Uint8Array(0);
    const half = openEnvelope(userKey, keysetPlace(user, part, publicKey), envelope, what);
    if (half.length !== 32) throw new AppError("decryption_failed", { what });
    return Secret.take(half);
  };
  const admin = SigningKey.fromSeed(open("sig", expected.sigPk));
  const receiving = ReceivingKey.fromPrivate(open("enc", expected.encPk));
  if (!equalBytes(admin.publicKey, expected.sigPk) || !equalBytes(receiving.publicKey, expected.encPk)) {
    throw new AppError("decryption_failed", { what });
  }
  return accountKeys(admin, receiving);
}
