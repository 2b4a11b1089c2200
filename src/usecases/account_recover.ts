/**
 * `account recover`: back into the account with the recovery code: new password, new account key, new recovery code; every
 * session ends and the account log records it (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { DeviceId, Email, UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { EmergencyKit } from "./emergency_kit.ts";
import type { AskPassword, Ports } from "./ports.ts";

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
  "clock" | "random" | "files" | "places" | "machine" | "keychain" | "transport"
>;

/** @throws {AppError} `not_initialised`, `account_key_invalid`, `login_refused`, `weak_password`, `rate_limited` */
export declare function recoverAccount(
  ports: RecoverAccountPorts,
  input: RecoverAccountInput,
  signal?: AbortSignal,
): Promise<RecoverAccountResult>;
