/**
 * The device that runs this command: who it speaks for, and the two private keys that rest in its keychain: X opens what is
 * sealed to the person, D signs for the device. Neither can sign governance (docs/spec/protocol.md §6).
 *
 * @module
 */

import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Keychain } from "../ports/keychain.ts";
import type { Config } from "../vault/config.ts";
import type { Ports } from "./ports.ts";

/** An opened device. Disposing of it wipes its copies of the keys. */
export interface Device extends Disposable {
  readonly config: Config;
  readonly keychain: Keychain;
  readonly userId: UserId;
  readonly email: Email;
  readonly deviceId: DeviceId;
  /** X, private half: 32 bytes. */
  readonly receivingKey: Secret;
  /** D, Ed25519 seed: 32 bytes. */
  readonly deviceKey: Secret;
}

export type DevicePorts = Pick<Ports, "files" | "places" | "keychain">;

/**
 * Reads config.json and the device's keys. No server, no password.
 *
 * @throws {AppError} `not_initialised`, `not_logged_in` (a key is missing), `config_damaged`, the keychain's codes
 */
export declare function openDevice(ports: DevicePorts, signal?: AbortSignal): Promise<Device>;
