/**
 * `login`: brings an account's keys to this machine: password and account key open the master key, the receiving key X is
 * taken from the key set, and a new device key D is certified by A (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
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
export declare function login(ports: LoginPorts, input: LoginInput, signal?: AbortSignal): Promise<LoginResult>;
