/**
 * An account as its own signed log says it is: fetched, checked against the id (which is a hash of its first entry), replayed and
 * held against the pin.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { LogPage } from "../contract/account.ts";
import type { SignedEntry } from "../contract/entry_fields.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { UserId } from "../kernel/names.ts";
import { accountFingerprint, type AccountState } from "../ledger/account_state.ts";
import { checkPin } from "../ledger/pin.ts";
import { EMBEDDED_ORIGIN } from "../vault/config.ts";
import type { Pins, UserPin, VerifiedChain } from "../vault/pins.ts";
import { VerifiedLogs } from "./verified_logs.ts";
import { type ClientPorts, openClient } from "./open_client.ts";
import { type Device, type DevicePorts, openDevice } from "./open_device.ts";
import { advancePins, type PinPorts, readPins } from "./pin_store.ts";

/** This device's own account, verified. Disposing of it disposes of the device. */
export interface OwnAccount extends Disposable {
  readonly device: Device;
  readonly client: SyncClient;
  readonly account: AccountState;
}

/** @throws {AppError} `not_initialised`, `not_logged_in`, `log_invalid`, `pin_mismatch`, `server_unreachable` */
export async function openOwnAccount(
  ports: DevicePorts & ClientPorts & PinPorts,
  signal?: AbortSignal,
): Promise<OwnAccount> {
  const device = await openDevice(ports, signal);
  try {
    const client = await openClient(ports, device);
    const account = await openAccount(client, device.userId, true, await readPins(device.keychain, signal), signal);
    await advancePins(ports, device, client, { users: new Map([[device.userId, accountChain(account)]]) }, signal);
    return { device, client, account, [Symbol.dispose]: () => device[Symbol.dispose]() };
  } catch (error) {
    device[Symbol.dispose]();
    throw error;
  }
}

/**
 * The verified log of `userId`; `mine` when it is the session's own account. What `logs` has verified is not verified again.
 *
 * @throws {AppError} `log_invalid`, `signature_invalid`, `pin_mismatch`, `server_unreachable`
 */
export async function openAccount(
  client: SyncClient,
  userId: UserId,
  mine: boolean,
  pins: Pins,
  signal?: AbortSignal,
  logs?: VerifiedLogs,
): Promise<AccountState> {
  const entries = await readLog(
    "account log",
    () => mine ? client.accountLog(0, signal) : client.userLog(userId, 0, signal),
  );
  return verifyAccount(entries, userId, pins, logs);
}

/**
 * The entries of a log. An answer that claims success and is no log (an unknown form, a gap, an end before its own head) was made up
 * or its database edited, so it is refused like any other invalid log and not taken for a passing fault.
 *
 * @throws {AppError} `log_invalid`; those of `fetch`
 */
export async function readLog(log: string, fetch: () => Promise<LogPage>): Promise<readonly SignedEntry[]> {
  try {
    return (await fetch()).entries;
  } catch (error) {
    if (!isAppError(error, "server_error")) throw error;
    // The embedded server is this very program: where it fails on its own data, the data is not what it wrote.
    const own = error.fields["origin"] === EMBEDDED_ORIGIN && error.fields["status"] === 500;
    if (!own && error.fields["status"] !== 200) throw error;
    throw new AppError("log_invalid", { log, seq: 0, reason: "what the server calls the log is none" }, {
      cause: error,
    });
  }
}

/** As {@linkcode openAccount}, for entries that came another way. */
export function verifyAccount(
  entries: readonly SignedEntry[],
  userId: UserId,
  pins: Pins,
  logs = new VerifiedLogs(),
): AccountState {
  const account = logs.account(entries, userId);
  checkPin("the account log", account.hashes, pins.users[userId]);
  return account;
}

/** The account's log as a chain to pin. */
export function accountChain(account: AccountState): VerifiedChain<UserPin> {
  return {
    pin: { ...account.head, fingerprint: accountFingerprint(account) },
    hashAt: (seq) => account.hashes[seq - 1],
  };
}
