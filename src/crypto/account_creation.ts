/**
 * Everything a new account consists of (docs/spec/protocol.md §1.2), made on the person's machine in one go.
 *
 * @module
 */

import { type RandomBytes, utf8 } from "../kernel/bytes.ts";
import { toBase32, toBase64Url } from "../kernel/encoding.ts";
import type { DeviceId, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { generateAccountKey, generateRecoveryCode } from "./account_key.ts";
import { type AccountKeys, accountKeys, generateUserKey, type Keyset, sealKeyset } from "./account_wraps.ts";
import {
  makePasswordCredentials,
  makeRecoveryCredentials,
  type PasswordCredentials,
  type RecoveryCredentials,
} from "./credentials.ts";
import { ReceivingKey, SigningKey } from "./keys.ts";
import { type SignedBody, signEntry } from "./sign_entry.ts";
import { fingerprintOf, formatFingerprint, userIdOf } from "./verify/ids.ts";
import { sha256 } from "./verify/sha256.ts";

/** What a person chose. */
export interface AccountChoices {
  readonly password: Secret;
  /** This machine's name, as other devices and the server see it: 1…64 characters. */
  readonly deviceLabel: string;
  /** Milliseconds since the Unix epoch. */
  readonly now: number;
}

/** A new account. Owns its keys: dispose of it when everything is stored. */
export interface NewAccount extends Disposable {
  readonly userId: UserId;
  readonly deviceId: DeviceId;
  /** Thirty digits in six groups. */
  readonly fingerprint: string;
  /** AK, 16 bytes: to the keychain and the Emergency Kit. */
  readonly accountKey: Secret;
  /** RC, 20 bytes: to the Emergency Kit only. */
  readonly recoveryCode: Secret;
  /** A and X: X to the keychain, A nowhere. */
  readonly keys: AccountKeys;
  /** D: to the keychain. */
  readonly device: SigningKey;
  /** L: signs the registration. */
  readonly login: SigningKey;
  /** `account.genesis` and `device.add`. */
  readonly genesis: SignedBody;
  readonly deviceAdd: SignedBody;
  readonly passwordCredentials: PasswordCredentials;
  readonly recoveryCredentials: RecoveryCredentials;
  readonly keyset: Keyset;
}

/** `d_` + base32 of 10 random bytes. */
export function generateDeviceId(random: RandomBytes): DeviceId {
  return `d_${toBase32(random(10))}` as DeviceId;
}

/** Makes AK, RC, UK, A, X and D and everything that registration sends. Takes one Argon2id derivation. */
export async function createAccount(choices: AccountChoices, random: RandomBytes): Promise<NewAccount> {
  const accountKey = generateAccountKey(random), recoveryCode = generateRecoveryCode(random);
  const admin = SigningKey.generate(random), receiving = ReceivingKey.generate(random);
  const device = SigningKey.generate(random), deviceId = generateDeviceId(random);
  const genesisBody = bodyOf({
    v: 1,
    seq: 1,
    prev: null,
    ts: choices.now,
    type: "account.genesis",
    payload: { sig_pk: admin.publicKeyText, enc_pk: receiving.publicKeyText },
  });
  const userId = userIdOf(genesisBody);
  const deviceBody = bodyOf({
    v: 1,
    seq: 2,
    prev: toBase64Url(sha256(genesisBody)),
    ts: choices.now,
    user: userId,
    type: "device.add",
    payload: { device_id: deviceId, sig_pk: device.publicKeyText, label: choices.deviceLabel },
  });
  const keys = accountKeys(admin, receiving);
  using userKey = generateUserKey(random);
  const { credentials, login } = await makePasswordCredentials(userId, userKey, choices.password, accountKey, random);
  return {
    userId,
    deviceId,
    fingerprint: formatFingerprint(fingerprintOf(userId, admin.publicKey)),
    accountKey,
    recoveryCode,
    keys,
    device,
    login,
    genesis: signEntry({ type: "account.genesis", body: genesisBody }, admin),
    deviceAdd: signEntry({ type: "device.add", body: deviceBody }, admin, device),
    passwordCredentials: credentials,
    recoveryCredentials: makeRecoveryCredentials(userId, userKey, recoveryCode, random),
    keyset: sealKeyset(userKey, userId, keys, random),
    [Symbol.dispose]: () => {
      for (const secret of [accountKey, recoveryCode]) secret.dispose();
      for (const pair of [keys, device, login]) pair[Symbol.dispose]();
    },
  };
}

function bodyOf(body: Readonly<Record<string, unknown>>): Uint8Array {
  return utf8(JSON.stringify(body));
}
