/**
 * `account kit`: the Emergency Kit again, after the password. The old recovery code is kept nowhere and cannot be shown again;
 * a new one can be made, which ends the old one.
 *
 * @module
 */

import type { EmergencyKit } from "./emergency_kit.ts";
import type { AskPassword, Ports } from "./ports.ts";

export interface AccountKitInput {
  readonly password: AskPassword;
  /** Makes a new recovery code; the one before stops working. */
  readonly newRecoveryCode?: boolean;
}

export type AccountKitPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** The caller disposes of the kit. @throws {AppError} `not_logged_in`, `login_refused`, `rate_limited` */
export declare function readEmergencyKit(
  ports: AccountKitPorts,
  input: AccountKitInput,
  signal?: AbortSignal,
): Promise<EmergencyKit>;
