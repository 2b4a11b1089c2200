/**
 * `account password`: a new password, and with `newAccountKey` a new account key too. All other sessions end.
 *
 * @module
 */

import { formatAccountKey, generateAccountKey } from "../crypto/account_key.ts";
import { makePasswordCredentials } from "../crypto/credentials.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import { isSealed, requireConfig } from "../vault/config.ts";
import type { Secret } from "../kernel/secret.ts";
import { accountFingerprint } from "../ledger/account_state.ts";
import { announceAccountKey, settleAccountKey } from "../vault/device.ts";
import { passwordBlobs } from "./credential_blobs.ts";
import { type EmergencyKit, makeEmergencyKit } from "./emergency_kit.ts";
import { storageLock } from "./storage_journal.ts";
import { askNewPassword } from "./new_password.ts";
import { openOwnAccount, type OwnAccount } from "./open_account.ts";
import type { AskPassword, Ports } from "./ports.ts";
import { unlockAccount, type Unlocked } from "./unlock_account.ts";

export interface ChangePasswordInput {
  readonly password: AskPassword;
  /** The new password, asked twice. */
  readonly newPassword: AskPassword;
  readonly newAccountKey?: boolean;
}

export interface ChangePasswordResult {
  /** How many other sessions were ended. */
  readonly endedSessions: number;
  /** Present when there is a new account key. The caller disposes of it. */
  readonly kit?: EmergencyKit;
}

export type ChangePasswordPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "keychain" | "transport" | "vaults"
>;

/** @throws {AppError} `not_logged_in`, `login_refused`, `weak_password`, `rate_limited`, `head_moved` */
export async function changePassword(
  ports: ChangePasswordPorts,
  input: ChangePasswordInput,
  signal?: AbortSignal,
): Promise<ChangePasswordResult> {
  await requireConfig(ports.files, ports.places); // before a lock makes a home where there is none
  // A vault that is being sealed under the present password must not meet a new one.
  return await ports.files.withLock(storageLock(ports), () => change(ports, input, signal));
}

async function change(
  ports: ChangePasswordPorts,
  input: ChangePasswordInput,
  signal?: AbortSignal,
): Promise<ChangePasswordResult> {
  using own = await openOwnAccount(ports, signal);
  return await unlockAccount(own.device, own.client, own.account, input.password, async (unlocked) => {
    using password = await askNewPassword(input.newPassword);
    using accountKey = input.newAccountKey === true ? generateAccountKey(ports.random) : unlocked.accountKey.clone();
    const others = (await own.client.sessions(signal)).filter(({ current }) => !current).length;
    const { profile } = own.device.config;
    const sealed = isSealed(own.device.config);
    // Both passwords open the vault until the server has answered: whichever it took, this machine can still open it.
    if (sealed) await ports.vaults.announcePassword(profile, await input.password(), password.clone());
    await replace(ports, own, unlocked, password, accountKey, signal);
    if (sealed) await ports.vaults.settlePassword(profile);
    if (input.newAccountKey !== true) return { endedSessions: others };
    return {
      endedSessions: others,
      kit: makeEmergencyKit({
        email: own.device.email,
        userId: own.device.userId,
        server: own.client.origin,
        fingerprint: accountFingerprint(own.account),
        createdAt: ports.clock.now(),
        accountKey: formatAccountKey(accountKey),
      }),
    };
  }, signal);
}

async function replace(
  ports: ChangePasswordPorts,
  { device, client }: OwnAccount,
  unlocked: Unlocked,
  password: Secret,
  accountKey: Secret,
  signal?: AbortSignal,
): Promise<void> {
  const { userKey, credentialsVersion: version, stepUp } = unlocked;
  const made = await makePasswordCredentials(device.userId, userKey, password, accountKey, ports.random);
  using login = made.login;
  // Both keys are here until the server has answered: whichever it took, this machine can still log in.
  await announceAccountKey(device.keychain, accountKey, signal);
  await client.putCredentials(
    { version, password: passwordBlobs(made.credentials) },
    (challenge) => signChallenge(login, challenge),
    stepUp,
    signal,
  );
  await settleAccountKey(device.keychain, accountKey, signal);
}
