/**
 * What an account log says after replay (docs/spec/protocol.md §4.2).
 *
 * @module
 */

import type { LogHead } from "../contract/entry_fields.ts";
import type { DeviceId, UserId } from "../kernel/names.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import { fingerprintOf, formatFingerprint } from "../crypto/verify/ids.ts";
import { latest, type Timeline, valueAt } from "./timeline.ts";

/** A device of an account. */
export interface DeviceRecord {
  readonly id: DeviceId;
  /** base64url of D's public key. */
  readonly key: string;
  readonly label: string;
  /** The entry that added it, and when (milliseconds, by its author's clock). */
  readonly addedSeq: number;
  readonly addedAt: number;
  /** The entry that revoked it, if any. */
  readonly revokedSeq: number | undefined;
  readonly revokedAt: number | undefined;
}

/** An account: its keys and devices, now and at every entry. */
export interface AccountState {
  readonly userId: UserId;
  readonly head: LogHead;
  /** Hash of each entry; entry `seq` is at `seq − 1`. */
  readonly hashes: readonly string[];
  /** base64url of A's public key. */
  readonly signingKeys: Timeline<string>;
  /** base64url of X's public key. */
  readonly receivingKeys: Timeline<string>;
  /** base64url of R's public key, once set. */
  readonly recoveryKeys: Timeline<string>;
  readonly devices: ReadonlyMap<DeviceId, DeviceRecord>;
  /** Milliseconds, by the author's clock. */
  readonly createdAt: number;
}

/** A's public key in base64url, now or after entry `seq`. */
export function signingKey(account: AccountState, seq: number = account.head.seq): string {
  return valueAt(account.signingKeys, seq)!;
}

/** X's public key in base64url, now or after entry `seq`. */
export function receivingKey(account: AccountState, seq: number = account.head.seq): string {
  return valueAt(account.receivingKeys, seq)!;
}

/** Devices that are not revoked, oldest first. */
export function activeDevices(account: AccountState): DeviceRecord[] {
  return [...account.devices.values()].filter((device) => device.revokedSeq === undefined);
}

/** The device with D's public key `key` (base64url) if it was certified and not revoked after entry `seq`. */
export function deviceByKey(
  account: AccountState,
  key: string,
  seq: number = account.head.seq,
): DeviceRecord | undefined {
  for (const device of account.devices.values()) {
    if (device.key !== key || device.addedSeq > seq) continue;
    if (device.revokedSeq === undefined || device.revokedSeq > seq) return device;
  }
  return undefined;
}

/** Whether entry `head.seq` of the account's log is the one with that hash. */
export function hasEntry(account: AccountState, head: LogHead): boolean {
  return account.hashes[head.seq - 1] === head.hash;
}

/** Whether X's public key `key` was in use at entry `floor` or later. */
export function hadReceivingKeySince(account: AccountState, floor: number, accept: (key: string) => boolean): boolean {
  return account.receivingKeys.some(({ value }, i) => {
    const until = account.receivingKeys[i + 1]?.from ?? Infinity;
    return until > floor && accept(value);
  });
}

/** The account's fingerprint for people: thirty digits in six groups. */
export function accountFingerprint(account: AccountState): string {
  return formatFingerprint(fingerprintOf(account.userId, fromBase64Url(latest(account.signingKeys)!)!));
}
