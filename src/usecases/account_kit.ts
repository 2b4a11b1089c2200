/**
 * `account kit`: the Emergency Kit again, after the password. The old recovery code is kept nowhere and cannot be shown again;
 * a new one can be made, which ends the old one.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import { formatAccountKey, formatRecoveryCode, generateRecoveryCode } from "../crypto/account_key.ts";
import { makeRecoveryCredentials } from "../crypto/credentials.ts";
import { signChallenge, signEntry } from "../crypto/sign_entry.ts";
import type { Secret } from "../kernel/secret.ts";
import { accountFingerprint, type AccountState } from "../ledger/account_state.ts";
import { buildAccountEntry } from "../ledger/build_entry.ts";
import { appendAccountEntries } from "../ledger/account_log.ts";
import { recoveryBlobs } from "./credential_blobs.ts";
import { type EmergencyKit, makeEmergencyKit } from "./emergency_kit.ts";
import { accountChain, openOwnAccount } from "./open_account.ts";
import { advancePins } from "./pin_store.ts";
import type { AskPassword, Ports } from "./ports.ts";
import { unlockAccount, type Unlocked } from "./unlock_account.ts";

export interface AccountKitInput {
  readonly password: AskPassword;
  /** Makes a new recovery code; the one before stops working. */
  readonly newRecoveryCode?: boolean;
}

export type AccountKitPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** The caller disposes of the kit. @throws {AppError} `not_logged_in`, `login_refused`, `rate_limited` */
export async function readEmergencyKit(
  ports: AccountKitPorts,
  input: AccountKitInput,
  signal?: AbortSignal,
): Promise<EmergencyKit> {
  using own = await openOwnAccount(ports, signal);
  const { device, client, account } = own;
  return await unlockAccount(device, client, account, input.password, async (unlocked) => {
    const code = input.newRecoveryCode === true ? generateRecoveryCode(ports.random) : undefined;
    using _code = code;
    if (code !== undefined) {
      const after = await replaceRecoveryCode(ports, client, account, unlocked, code, signal);
      const users = new Map([[device.userId, accountChain(after)]]);
      await advancePins(ports, device, client, { users }, signal);
    }
    return makeEmergencyKit({
      email: device.email,
      userId: device.userId,
      server: client.origin,
      fingerprint: accountFingerprint(account),
      createdAt: ports.clock.now(),
      accountKey: formatAccountKey(unlocked.accountKey),
      ...(code === undefined ? {} : { recoveryCode: formatRecoveryCode(code) }),
    });
  }, signal);
}

/** The server first: a code that the log names but the server does not know would open nothing. */
async function replaceRecoveryCode(
  ports: AccountKitPorts,
  client: SyncClient,
  account: AccountState,
  unlocked: Unlocked,
  code: Secret,
  signal?: AbortSignal,
): Promise<AccountState> {
  const made = makeRecoveryCredentials(account.userId, unlocked.userKey, code, ports.random);
  const payload = { recovery_pk: made.recovery_pk };
  const entry = signEntry(buildAccountEntry(account, "recovery.set", payload, ports.clock.now()), unlocked.admin);
  const after = appendAccountEntries(account, [entry]);
  await client.putCredentials(
    { version: unlocked.credentialsVersion, password: unlocked.password, recovery: recoveryBlobs(made) },
    (challenge) => signChallenge(unlocked.login, challenge),
    unlocked.stepUp,
    signal,
  );
  await client.appendAccountLog(account.head.seq, [entry], signal);
  return after;
}
