/**
 * An account as its own signed log says it is: fetched, checked against the id (which is a hash of its first entry), replayed and
 * held against the pin.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { SignedEntry } from "../contract/entries.ts";
import type { UserId } from "../kernel/names.ts";
import { replayAccountLog } from "../ledger/account_log.ts";
import { accountFingerprint, type AccountState } from "../ledger/account_state.ts";
import { checkPin } from "../ledger/pin.ts";
import type { Pins, UserPin, VerifiedChain } from "../vault/pins.ts";

/**
 * The verified log of `userId`; `mine` when it is the session's own account.
 *
 * @throws {AppError} `log_invalid`, `signature_invalid`, `pin_mismatch`, `server_unreachable`
 */
export async function openAccount(
  client: SyncClient,
  userId: UserId,
  mine: boolean,
  pins: Pins,
  signal?: AbortSignal,
): Promise<AccountState> {
  const { entries } = await (mine ? client.accountLog(0, signal) : client.userLog(userId, 0, signal));
  return verifyAccount(entries, userId, pins);
}

/** As {@linkcode openAccount}, for entries that came another way. */
export function verifyAccount(entries: readonly SignedEntry[], userId: UserId, pins: Pins): AccountState {
  const account = replayAccountLog(entries, userId);
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
