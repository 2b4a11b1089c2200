/**
 * The device that runs this command: who it speaks for, and the two private keys that rest in its keychain: X opens what is
 * sealed to the person, D signs for the device. Neither can sign governance (docs/spec/protocol.md §6).
 *
 * @module
 */

import { ReceivingKey, SigningKey } from "../crypto/keys.ts";
import { AppError } from "../kernel/error.ts";
import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Keychain } from "../ports/keychain.ts";
import { type Config, requireConfig } from "../vault/config.ts";
import { readDeviceKeys } from "../vault/device.ts";
import type { Ports } from "./ports.ts";

/** An opened device. Disposing of it wipes its copies of the keys. */
export interface Device extends Disposable {
  readonly config: Config;
  readonly keychain: Keychain;
  readonly userId: UserId;
  readonly email: Email;
  readonly deviceId: DeviceId;
  /** X: opens what is sealed to the person. */
  readonly receivingKey: ReceivingKey;
  /** D: signs for the device. */
  readonly deviceKey: SigningKey;
}

export type DevicePorts = Pick<Ports, "files" | "places" | "keychain">;

/**
 * Reads config.json and the device's keys. No server, no password.
 *
 * @throws {AppError} `not_initialised`, `not_logged_in` (a key is missing), `config_damaged`, the keychain's codes
 */
export async function openDevice(ports: DevicePorts, signal?: AbortSignal): Promise<Device> {
  const config = await requireConfig(ports.files, ports.places);
  const { userId, email, deviceId } = config.account;
  if (deviceId === undefined) throw new AppError("not_logged_in");
  const keychain = await ports.keychain();
  const keys = await readDeviceKeys(keychain, signal);
  if (keys === undefined) throw new AppError("not_logged_in");
  const receivingKey = ReceivingKey.fromPrivate(keys.receivingKey);
  const deviceKey = SigningKey.fromSeed(keys.deviceKey);
  return {
    config,
    keychain,
    userId,
    email,
    deviceId,
    receivingKey,
    deviceKey,
    [Symbol.dispose]: () => {
      receivingKey[Symbol.dispose]();
      deviceKey[Symbol.dispose]();
    },
  };
}
