/**
 * `login`: brings an account's keys to this machine: password and account key open the master key, the receiving key X is
 * taken from the key set, and a new device key D is certified by A (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { LoggedIn } from "../contract/auth.ts";
import { type AccountKeys, openKeyset, unwrapUserKey } from "../crypto/account_wraps.ts";
import { parseAccountKey } from "../crypto/account_key.ts";
import { derivePasswordKeys, type PasswordKeys } from "../crypto/hierarchy.ts";
import { SigningKey } from "../crypto/keys.ts";
import { signChallenge } from "../crypto/sign_entry.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { appendAccountEntries } from "../ledger/account_log.ts";
import { type AccountState, deviceByKey, receivingKey, signingKey } from "../ledger/account_state.ts";
import type { Keychain } from "../ports/keychain.ts";
import { type Config, requireConfig } from "../vault/config.ts";
import { readAccountKeys, readDeviceKeys, settleAccountKey } from "../vault/device.ts";
import { NO_PINS } from "../vault/pins.ts";
import { decodeKeyset } from "./credential_blobs.ts";
import { keepDevice, makeDevice } from "./join_device.ts";
import { accountChain, openAccount } from "./open_account.ts";
import { openBareClient, openClientFor } from "./open_client.ts";
import { findPins, startPins } from "./pin_store.ts";
import type { AskPassword, Ports } from "./ports.ts";

export interface LoginInput {
  readonly password: AskPassword;
  /** Asks for the account key's text; called only when the keychain has none. @throws {AppError} `missing_answer` */
  readonly accountKey: () => Promise<Secret>;
}

export interface LoginResult {
  readonly userId: UserId;
  readonly email: Email;
  readonly server: string;
  readonly deviceId: DeviceId;
  /** Whether a new device was added to the account; false when this device was known and only its session was renewed. */
  readonly newDevice: boolean;
  /** Milliseconds since the epoch. */
  readonly sessionExpiresAt: number;
}

export type LoginPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "keychain" | "transport"
>;

/**
 * @throws {AppError} `not_initialised`, `login_refused`, `account_key_invalid`, `rate_limited`, `decryption_failed`,
 *   `log_invalid`, `pin_mismatch`, the keychain's codes
 */
export async function login(ports: LoginPorts, input: LoginInput, signal?: AbortSignal): Promise<LoginResult> {
  const config = await requireConfig(ports.files, ports.places);
  const keychain = await ports.keychain();
  const accountKeys = await accountKeysFor(keychain, input, signal);
  using password = await input.password();
  const client = await openBareClient(ports, keychain);
  try {
    const { loggedIn, keys, accountKey } = await prove(client, password, accountKeys, signal);
    using _keys = keys;
    return await enter({ ports, config, keychain, client, loggedIn, kek: keys.kek, accountKey }, signal);
  } finally {
    for (const key of accountKeys) key.dispose();
  }
}

async function accountKeysFor(keychain: Keychain, input: LoginInput, signal?: AbortSignal): Promise<Secret[]> {
  const stored = await readAccountKeys(keychain, signal);
  if (stored.length > 0) return stored;
  using typed = await input.accountKey();
  return [parseAccountKey(typed)];
}

interface Proved {
  readonly loggedIn: LoggedIn;
  readonly keys: PasswordKeys;
  readonly accountKey: Secret;
}

/** Logs in with the first account key that the server knows: two exist only after an interrupted change. */
async function prove(
  client: SyncClient,
  password: Secret,
  accountKeys: readonly Secret[],
  signal?: AbortSignal,
): Promise<Proved> {
  for (const [i, accountKey] of accountKeys.entries()) {
    const keys = await derivePasswordKeys(password, accountKey);
    try {
      const loggedIn = await client.login(keys.akId, (challenge) => signChallenge(keys.login, challenge), signal);
      return { loggedIn, keys, accountKey };
    } catch (error) {
      keys[Symbol.dispose]();
      if (i === accountKeys.length - 1 || !isAppError(error, "login_refused")) throw error;
    }
  }
  throw new AppError("login_refused");
}

interface Entering {
  readonly ports: LoginPorts;
  readonly config: Config;
  readonly keychain: Keychain;
  readonly client: SyncClient;
  readonly loggedIn: LoggedIn;
  readonly kek: Secret;
  readonly accountKey: Secret;
}

async function enter(entering: Entering, signal?: AbortSignal): Promise<LoginResult> {
  const { ports, config, keychain, client, loggedIn, kek, accountKey } = entering;
  const { userId, email } = config.account;
  // This home belongs to one account; another one's key and password open another home.
  if (loggedIn.user_id !== userId) throw new AppError("login_refused");
  // The log is held against this machine's own pins before anything of the server's answer is opened.
  const pins = await findPins(keychain, signal) ?? NO_PINS;
  const account = await openAccount(client, userId, true, pins, signal);
  using userKey = unwrapUserKey(kek, userId, "password", toBase64Url(loggedIn.wrap_pw));
  using keys = openKeyset(userKey, userId, decodeKeyset(loggedIn.keyset), {
    sigPk: fromBase64Url(signingKey(account))!,
    encPk: fromBase64Url(receivingKey(account))!,
  });
  const device = await knownDevice(keychain, account, signal) ?? await addDevice(entering, account, keys, signal);
  using _key = device.key;
  await settleAccountKey(keychain, accountKey, signal);
  await keepDevice(ports, keychain, device, keys, signal);
  const own = await openClientFor(ports, { keychain, userId, deviceId: device.id, deviceKey: device.key });
  const session = await own.renew(signal);
  const users = { ...pins.users, [userId]: accountChain(device.account).pin };
  const owner = { userId, keychain, receivingKey: keys.receiving };
  await startPins(ports, owner, own, { ...pins, users }, loggedIn.pins, signal);
  return {
    userId,
    email,
    server: client.origin,
    deviceId: device.id,
    newDevice: device.isNew,
    sessionExpiresAt: session.expires,
  };
}

interface LoginDevice {
  readonly id: DeviceId;
  readonly key: SigningKey;
  readonly account: AccountState;
  readonly isNew: boolean;
}

/** This machine's device, when its key is still here and the account's log still honours it. */
async function knownDevice(
  keychain: Keychain,
  account: AccountState,
  signal?: AbortSignal,
): Promise<LoginDevice | undefined> {
  const stored = await readDeviceKeys(keychain, signal);
  if (stored === undefined) return undefined;
  stored.receivingKey.dispose();
  const key = SigningKey.fromSeed(stored.deviceKey);
  const record = deviceByKey(account, key.publicKeyText);
  if (record !== undefined) return { id: record.id, key, account, isNew: false };
  key[Symbol.dispose]();
  return undefined;
}

async function addDevice(
  { ports, client }: Entering,
  account: AccountState,
  keys: AccountKeys,
  signal?: AbortSignal,
): Promise<LoginDevice> {
  const { id, key, entry } = makeDevice(ports, account, keys.admin);
  const after = appendAccountEntries(account, [entry]);
  await client.appendAccountLog(account.head.seq, [entry], signal);
  return { id, key, account: after, isNew: true };
}
