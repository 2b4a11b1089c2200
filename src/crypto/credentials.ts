/**
 * What the server stores of an account's ways in (docs/spec/protocol.md §1.2 to §1.5): handles, public keys and wraps, made anew
 * for registration, a password change, a new account key, and recovery.
 *
 * @module
 */

import type { RandomBytes } from "../kernel/bytes.ts";
import { toBase64Url } from "../kernel/encoding.ts";
import type { UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { wrapUserKey } from "./account_wraps.ts";
import { derivePasswordKeys, deriveRecoveryKeys } from "./hierarchy.ts";
import type { SigningKey } from "./keys.ts";

/** The way in by password, all in base64url: what `PUT /v1/account/credentials` replaces. */
export interface PasswordCredentials {
  readonly ak_id: string;
  readonly login_pk: string;
  readonly wrap_pw: string;
}

/** The way in by recovery code, all in base64url. */
export interface RecoveryCredentials {
  readonly rc_id: string;
  readonly recovery_pk: string;
  readonly wrap_rc: string;
}

/** The way in by `password` and `accountKey`, with L to sign the request that stores it; the caller disposes of L. */
export async function makePasswordCredentials(
  user: UserId,
  userKey: Secret,
  password: Secret,
  accountKey: Secret,
  random: RandomBytes,
): Promise<{ readonly credentials: PasswordCredentials; readonly login: SigningKey }> {
  const { akId, login, kek } = await derivePasswordKeys(password, accountKey);
  const wrap_pw = wrapUserKey(kek, user, "password", userKey, random);
  kek.dispose();
  return { credentials: { ak_id: toBase64Url(akId), login_pk: login.publicKeyText, wrap_pw }, login };
}

/** The way in by `recoveryCode`. */
export function makeRecoveryCredentials(
  user: UserId,
  userKey: Secret,
  recoveryCode: Secret,
  random: RandomBytes,
): RecoveryCredentials {
  using keys = deriveRecoveryKeys(recoveryCode);
  const wrap_rc = wrapUserKey(keys.rkek, user, "recovery", userKey, random);
  return { rc_id: toBase64Url(keys.rcId), recovery_pk: keys.recovery.publicKeyText, wrap_rc };
}
