/**
 * Replay of an account log (docs/spec/protocol.md §4.2): every entry is signed by A; a device's key and a new A sign too.
 *
 * @module
 */

import { type AccountEntryBody, accountEntryBody } from "../contract/account_entries.ts";
import type { SignedEntry } from "../contract/entry_fields.ts";
import { userIdOf } from "../crypto/verify/ids.ts";
import { isUsableX25519Key } from "../crypto/verify/x25519_key.ts";
import { fromBase64Url } from "../kernel/encoding.ts";
import type { DeviceId, UserId } from "../kernel/names.ts";
import type { AccountState, DeviceRecord } from "./account_state.ts";
import { type OpenedEntry, openNext, refuse, signedBy } from "./log_chain.ts";
import { changed, latest } from "./timeline.ts";

const LOG = "account log";

/**
 * The account after all `entries`, the genesis first.
 *
 * @param userId The account that is meant; the log of another is refused.
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function replayAccountLog(entries: readonly SignedEntry[], userId?: UserId): AccountState {
  const [genesis, ...rest] = entries;
  if (genesis === undefined) refuse(LOG, 1, "it is missing");
  const opened = openNext(genesis, accountEntryBody, LOG, undefined);
  const account = begin(opened);
  if (userId !== undefined && account.userId !== userId) refuse(LOG, 1, "it is another account's");
  return appendAccountEntries(account, rest);
}

/**
 * The account after `entries` more. `account` stays as it was, also when one of them is refused.
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function appendAccountEntries(account: AccountState, entries: readonly SignedEntry[]): AccountState {
  let state = account;
  for (const entry of entries) {
    const opened = openNext(entry, accountEntryBody, LOG, state.head);
    state = {
      ...apply(state, opened),
      head: opened.head,
      hashes: [...state.hashes, opened.head.hash],
    };
  }
  return state;
}

function begin({ body, bytes, head, signers }: OpenedEntry<AccountEntryBody>): AccountState {
  if (body.type !== "account.genesis") refuse(LOG, 1, "it is not a genesis");
  const { sig_pk, enc_pk } = body.payload;
  if (!signedBy(signers, sig_pk)) refuse(LOG, 1, "it is not signed by its own key");
  if (!isUsableReceivingKey(enc_pk)) refuse(LOG, 1, "its receiving key is not usable");
  return {
    userId: userIdOf(bytes),
    head,
    hashes: [head.hash],
    signingKeys: changed<string>(undefined, 1, sig_pk),
    receivingKeys: changed<string>(undefined, 1, enc_pk),
    recoveryKeys: [],
    devices: new Map(),
    createdAt: body.ts,
  };
}

/** `key` in base64url, 32 bytes by its schema. */
function isUsableReceivingKey(key: string): boolean {
  return isUsableX25519Key(fromBase64Url(key)!);
}

/** Which keys must have signed: A, and whoever's key comes new into the log. */
function requiredSigners(account: AccountState, body: AccountEntryBody): readonly string[] {
  const admin = latest(account.signingKeys)!;
  return body.type === "device.add" || body.type === "admin.rotate" ? [admin, body.payload.sig_pk] : [admin];
}

function apply(account: AccountState, { body, signers }: OpenedEntry<AccountEntryBody>): AccountState {
  const { seq } = body;
  if (body.type === "account.genesis") refuse(LOG, seq, "there is a genesis already");
  if (body.user !== account.userId) refuse(LOG, seq, "it is another account's");
  if (!signedBy(signers, ...requiredSigners(account, body))) refuse(LOG, seq, "it is not signed by the account's key");
  switch (body.type) {
    case "device.add":
      return addDevice(account, body.payload, seq, body.ts);
    case "device.revoke": {
      const device = account.devices.get(body.payload.device_id);
      if (device === undefined || device.revokedSeq !== undefined) refuse(LOG, seq, "there is no such device");
      return { ...account, devices: revoked(account.devices, [device.id], seq, body.ts) };
    }
    case "enc.rotate":
      if (!isUsableReceivingKey(body.payload.enc_pk)) refuse(LOG, seq, "its receiving key is not usable");
      if (account.receivingKeys.some(({ value }) => value === body.payload.enc_pk)) {
        refuse(LOG, seq, "its key was used before");
      }
      return { ...account, receivingKeys: changed(account.receivingKeys, seq, body.payload.enc_pk) };
    case "recovery.set":
      return { ...account, recoveryKeys: changed(account.recoveryKeys, seq, body.payload.recovery_pk) };
    case "admin.rotate":
      if (usesSigningKey(account, body.payload.sig_pk)) refuse(LOG, seq, "its key was used before");
      return { ...account, signingKeys: changed(account.signingKeys, seq, body.payload.sig_pk) };
    case "account.recovered": {
      // Whoever had to recover may have lost a device: none of the old ones stays.
      const all = [...account.devices.values()].filter((d) => d.revokedSeq === undefined).map((d) => d.id);
      return {
        ...account,
        recoveryKeys: changed(account.recoveryKeys, seq, body.payload.recovery_pk),
        devices: revoked(account.devices, all, seq, body.ts),
      };
    }
    default:
      body satisfies never;
      refuse(LOG, seq, "its type is not known");
  }
}

function usesSigningKey(account: AccountState, key: string): boolean {
  return account.signingKeys.some(({ value }) => value === key) ||
    [...account.devices.values()].some((device) => device.key === key);
}

function addDevice(
  account: AccountState,
  payload: { readonly device_id: DeviceId; readonly sig_pk: string; readonly label: string },
  seq: number,
  at: number,
): AccountState {
  const { device_id: id, sig_pk: key, label } = payload;
  if (account.devices.has(id)) refuse(LOG, seq, "its device was added before");
  // A key in two places would let a device pass for A, or a revoked device come back under another name.
  if (usesSigningKey(account, key)) refuse(LOG, seq, "its key was used before");
  const device: DeviceRecord = {
    id,
    key,
    label,
    addedSeq: seq,
    addedAt: at,
    revokedSeq: undefined,
    revokedAt: undefined,
  };
  return { ...account, devices: new Map([...account.devices, [id, device]]) };
}

function revoked(
  devices: AccountState["devices"],
  ids: readonly DeviceId[],
  seq: number,
  at: number,
): AccountState["devices"] {
  const next = new Map(devices);
  for (const id of ids) next.set(id, { ...devices.get(id)!, revokedSeq: seq, revokedAt: at });
  return next;
}
