/**
 * `account password`: a new password, and with `newAccountKey` a new account key too. All other sessions end.
 *
 * @module
 */

import type { EmergencyKit } from "./emergency_kit.ts";
import type { AskPassword, Ports } from "./ports.ts";

export interface ChangePasswordInput {
  readonly password: AskPassword;
  /** The new password, asked twice. */
  readonly newPassword: AskPassword;
  readonly newAccountKey?: boolean;
}

export interface ChangePasswordResult {
  /** How many other sessions were ended. */
  readonly endedSessions: number;
  /** Present when there is a new account key. The caller disposes of it. */
  readonly kit?: EmergencyKit;
}

export type ChangePasswordPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** @throws {AppError} `not_logged_in`, `login_refused`, `weak_password`, `rate_limited`, `head_moved` */
export declare function changePassword(
  ports: ChangePasswordPorts,
  input: ChangePasswordInput,
  signal?: AbortSignal,
): Promise<ChangePasswordResult>;
