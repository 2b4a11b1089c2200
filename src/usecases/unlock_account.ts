/**
 * The seconds after the password (docs/spec/protocol.md §6): the account key from the keychain and the password open UK, UK opens
 * A, `use` signs with A, and everything is wiped. Nothing of it is ever stored, so no program that runs as the person can sign
 * governance without the person.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import { openKeyset, unwrapUserKey } from "../crypto/account_wraps.ts";
import { derivePasswordKeys, type PasswordKeys } from "../crypto/hierarchy.ts";
import type { SigningKey } from "../crypto/keys.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import type { PasswordCredentials, Session, SteppedUp } from "../contract/auth.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import { type AccountState, receivingKey, signingKey } from "../ledger/account_state.ts";
import { readAccountKeys } from "../vault/device.ts";
import { decodeKeyset } from "./credential_blobs.ts";
import type { Device } from "./open_device.ts";
import type { AskPassword } from "./ports.ts";

/** What exists between the password and the end of one command. */
export interface Unlocked {
  /** A: signs governance. */
  readonly admin: SigningKey;
  /** L: proves the password to the server. */
  readonly login: SigningKey;
  /** UK. */
  readonly userKey: Secret;
  /** AK. */
  readonly accountKey: Secret;
  /** The way in by password as the server has it. */
  readonly password: PasswordCredentials;
  /** The server's word that the password was just proved: at most five minutes, this session only. */
  readonly stepUp: Session;
  /** Version of the credentials, for changing them. */
  readonly credentialsVersion: number;
}

/**
 * Asks for the password, opens the account and lends what it opened to `use`; wipes it afterwards, whatever happens.
 * `account` is the verified account log: a key set that does not hold exactly its keys is refused.
 *
 * @throws {AppError} `password_required`, `login_refused`, `rate_limited`, `decryption_failed`, `not_logged_in` when the
 *   account key is not on this machine; those of `use`
 */
export async function unlockAccount<T>(
  device: Device,
  client: SyncClient,
  account: AccountState,
  ask: AskPassword,
  use: (unlocked: Unlocked) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  using accountKeys = disposable(await readAccountKeys(device.keychain, signal));
  if (accountKeys.list.length === 0) throw new AppError("not_logged_in");
  using password = await ask();
  using proof = await prove(client, password, accountKeys.list, signal);
  const { keys, proved, accountKey } = proof;
  using userKey = unwrapUserKey(keys.kek, device.userId, "password", toBase64Url(proved.wrap_pw));
  using opened = openKeyset(userKey, device.userId, decodeKeyset(proved.keyset), {
    sigPk: fromBase64Url(signingKey(account))!,
    encPk: fromBase64Url(receivingKey(account))!,
  });
  return await use({
    admin: opened.admin,
    userKey,
    accountKey,
    password: { ak_id: keys.akId, login_pk: keys.login.publicKey, wrap_pw: proved.wrap_pw },
    login: keys.login,
    stepUp: proved.step_up,
    credentialsVersion: proved.credentials_version,
  });
}

interface Proof extends Disposable {
  readonly accountKey: Secret;
  readonly keys: PasswordKeys;
  readonly proved: SteppedUp;
}

/** Proves the password with the first account key that the server knows: two exist only after an interrupted change. */
async function prove(
  client: SyncClient,
  password: Secret,
  accountKeys: readonly Secret[],
  signal?: AbortSignal,
): Promise<Proof> {
  for (const [i, accountKey] of accountKeys.entries()) {
    const keys = await derivePasswordKeys(password, accountKey);
    try {
      const proved = await client.stepUp(keys.akId, (challenge) => signChallenge(keys.login, challenge), signal);
      return { accountKey, keys, proved, [Symbol.dispose]: () => keys[Symbol.dispose]() };
    } catch (error) {
      keys[Symbol.dispose]();
      if (i === accountKeys.length - 1 || !isAppError(error, "login_refused")) throw error;
    }
  }
  throw new AppError("not_logged_in");
}

function disposable(list: readonly Secret[]): Disposable & { readonly list: readonly Secret[] } {
  return { list, [Symbol.dispose]: () => list.forEach((secret) => secret.dispose()) };
}
