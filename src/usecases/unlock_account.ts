/**
 * The seconds after the password (docs/spec/protocol.md §6): the account key from the keychain and the password open UK, UK opens
 * A, `use` signs with A, and everything is wiped. Nothing of it is ever stored, so no program that runs as the person can sign
 * governance without the person.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import { openKeyset, unwrapUserKey } from "../crypto/account_wraps.ts";
import { derivePasswordKeys } from "../crypto/hierarchy.ts";
import type { SigningKey } from "../crypto/keys.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import type { Session } from "../contract/auth.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import { type AccountState, receivingKey, signingKey } from "../ledger/account_state.ts";
import { readAccountKey } from "../vault/device.ts";
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
  /** Lookup handle of the account key, 16 bytes. */
  readonly akId: Uint8Array<ArrayBuffer>;
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
  using accountKey = await readAccountKey(device.keychain, signal);
  if (accountKey === undefined) throw new AppError("not_logged_in");
  using password = await ask();
  using keys = await derivePasswordKeys(password, accountKey);
  const { login, akId } = keys;
  const proved = await client.stepUp(akId, (challenge) => signChallenge(login, challenge), signal);
  using userKey = unwrapUserKey(keys.kek, device.userId, "password", toBase64Url(proved.wrap_pw));
  using opened = openKeyset(userKey, device.userId, decodeKeyset(proved.keyset), {
    sigPk: fromBase64Url(signingKey(account))!,
    encPk: fromBase64Url(receivingKey(account))!,
  });
  return await use({
    admin: opened.admin,
    login,
    userKey,
    accountKey,
    akId,
    stepUp: proved.step_up,
    credentialsVersion: proved.credentials_version,
  });
}
