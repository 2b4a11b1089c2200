/**
 * `account recover`: back into the account with the recovery code: new password, new account key, new recovery code; every
 * session ends and the account log records it (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { RecoverStarted } from "../contract/auth.ts";
import {
  formatAccountKey,
  formatRecoveryCode,
  generateAccountKey,
  generateRecoveryCode,
  parseRecoveryCode,
} from "../crypto/account_key.ts";
import { type AccountKeys, openKeyset, unwrapUserKey } from "../crypto/account_wraps.ts";
import { makePasswordCredentials, makeRecoveryCredentials } from "../crypto/credentials.ts";
import { deriveRecoveryKeys, type RecoveryKeys } from "../crypto/hierarchy.ts";
import { signChallenge, signEntry } from "../crypto/sign_entry.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { appendAccountEntries } from "../ledger/account_log.ts";
import { accountFingerprint, type AccountState, receivingKey, signingKey } from "../ledger/account_state.ts";
import { buildAccountEntry } from "../ledger/build_entry.ts";
import { isSealed, requireConfig } from "../vault/config.ts";
import { announceAccountKey, settleAccountKey } from "../vault/device.ts";
import { NO_PINS } from "../vault/pins.ts";
import { decodeKeyset, passwordBlobs, recoveryBlobs } from "./credential_blobs.ts";
import { type EmergencyKit, makeEmergencyKit } from "./emergency_kit.ts";
import { keepDevice, makeDevice } from "./join_device.ts";
import { askNewPassword } from "./new_password.ts";
import { accountChain, verifyAccount } from "./open_account.ts";
import { openBareClient, openUnstoredClient } from "./open_client.ts";
import { findPins, startPins } from "./pin_store.ts";
import type { AskPassword, Ports } from "./ports.ts";
import { storageLock } from "./storage_journal.ts";

export interface RecoverAccountInput {
  /** Asks for the recovery code's text. @throws {AppError} `missing_answer` */
  readonly recoveryCode: () => Promise<Secret>;
  /** The new password, asked twice. */
  readonly newPassword: AskPassword;
}

export interface RecoverAccountResult {
  readonly userId: UserId;
  readonly email: Email;
  readonly deviceId: DeviceId;
  /** The new account key and recovery code. The caller disposes of it. */
  readonly kit: EmergencyKit;
}

export type RecoverAccountPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "keychain" | "transport" | "vaults"
>;

/** @throws {AppError} `not_initialised`, `account_key_invalid`, `login_refused`, `weak_password`, `rate_limited` */
export async function recoverAccount(
  ports: RecoverAccountPorts,
  input: RecoverAccountInput,
  signal?: AbortSignal,
): Promise<RecoverAccountResult> {
  await requireConfig(ports.files, ports.places); // before a lock makes a home where there is none
  // A vault that moves meanwhile would be set aside half-made.
  return await ports.files.withLock(storageLock(ports), () => recover(ports, input, signal));
}

async function recover(
  ports: RecoverAccountPorts,
  input: RecoverAccountInput,
  signal?: AbortSignal,
): Promise<RecoverAccountResult> {
  const config = await requireConfig(ports.files, ports.places);
  const { account: { userId, email } } = config;
  // A sealed vault opens with the password that was lost: it is set aside, and a new one made, once the code has proved itself.
  const present = isSealed(config) ? undefined : await ports.keychain();
  using code = await readCode(input);
  using recovery = deriveRecoveryKeys(code);
  const client = present === undefined ? await openUnstoredClient(ports) : await openBareClient(ports, present);
  const started = await client.recoverStart(recovery.rcId, proveWith(recovery), signal);
  if (started.user_id !== userId) throw new AppError("login_refused");
  const pins = present === undefined ? NO_PINS : await findPins(present, signal) ?? NO_PINS;
  const account = verifyAccount(started.entries, userId, pins);
  using userKey = unwrapUserKey(recovery.rkek, userId, "recovery", toBase64Url(started.wrap_rc));
  using keys = openAccountKeys(userKey, account, started);
  using password = await askNewPassword(input.newPassword);
  using accountKey = generateAccountKey(ports.random);
  using newCode = generateRecoveryCode(ports.random);
  const keychain = present ?? await ports.vaults.remakeSealed(config.profile, password.clone());
  // Kept before the server is told: from then on this is the only account key there is.
  await announceAccountKey(keychain, accountKey, signal);
  const ways = { password, accountKey, newCode };
  const after = await finish({ ports, client, account, started, recovery, userKey, keys }, ways, signal);
  await settleAccountKey(keychain, accountKey, signal);
  using deviceKey = after.deviceKey;
  await keepDevice(ports, keychain, { id: after.deviceId, key: deviceKey }, keys, signal);
  const users = { ...pins.users, [userId]: accountChain(after.account).pin };
  const owner = { userId, keychain, receivingKey: keys.receiving };
  await startPins(ports, owner, client, { ...pins, users }, await client.pins(signal), signal);
  return {
    userId,
    email,
    deviceId: after.deviceId,
    kit: makeEmergencyKit({
      email,
      userId,
      server: client.origin,
      fingerprint: accountFingerprint(after.account),
      createdAt: ports.clock.now(),
      accountKey: formatAccountKey(accountKey),
      recoveryCode: formatRecoveryCode(newCode),
    }),
  };
}

async function readCode(input: RecoverAccountInput): Promise<Secret> {
  using typed = await input.recoveryCode();
  return parseRecoveryCode(typed);
}

function proveWith({ recovery }: RecoveryKeys): Parameters<SyncClient["recoverStart"]>[1] {
  return (challenge) => signChallenge(recovery, challenge);
}

function openAccountKeys(userKey: Secret, account: AccountState, started: RecoverStarted): AccountKeys {
  return openKeyset(userKey, account.userId, decodeKeyset(started.keyset), {
    sigPk: fromBase64Url(signingKey(account))!,
    encPk: fromBase64Url(receivingKey(account))!,
  });
}

interface Recovering {
  readonly ports: RecoverAccountPorts;
  readonly client: SyncClient;
  readonly account: AccountState;
  readonly started: RecoverStarted;
  readonly recovery: RecoveryKeys;
  readonly userKey: Secret;
  readonly keys: AccountKeys;
}

interface NewWays {
  readonly password: Secret;
  readonly accountKey: Secret;
  readonly newCode: Secret;
}

interface Recovered {
  readonly account: AccountState;
  readonly deviceId: DeviceId;
  readonly deviceKey: ReturnType<typeof makeDevice>["key"];
}

/** Replaces every way into the account at once; all devices but this one are revoked by the log's own rule. */
async function finish(recovering: Recovering, ways: NewWays, signal?: AbortSignal): Promise<Recovered> {
  const { ports, client, account, started, recovery, userKey, keys } = recovering;
  const { userId } = account;
  const password = await makePasswordCredentials(userId, userKey, ways.password, ways.accountKey, ports.random);
  password.login[Symbol.dispose]();
  const made = makeRecoveryCredentials(userId, userKey, ways.newCode, ports.random);
  const payload = { recovery_pk: made.recovery_pk };
  const recovered = buildAccountEntry(account, "account.recovered", payload, ports.clock.now());
  const device = makeDevice(ports, { userId, head: recovered.head }, keys.admin);
  const entries = [signEntry(recovered, keys.admin), device.entry];
  const after = appendAccountEntries(account, entries);
  await client.recoverFinish(
    {
      rc_id: recovery.rcId,
      version: started.credentials_version,
      password: passwordBlobs(password.credentials),
      recovery: recoveryBlobs(made),
      entries,
      device_id: device.id,
    },
    proveWith(recovery),
    signal,
  );
  return { account: after, deviceId: device.id, deviceKey: device.key };
}
