/**
 * `account devices`: the devices that the account's own log names, and taking one's rights away.
 *
 * @module
 */

import type { DeviceId } from "../kernel/names.ts";
import type { AskPassword, Ports } from "./ports.ts";

export interface DeviceView {
  readonly id: DeviceId;
  readonly label: string;
  /** Whether it is the one that runs this command. */
  readonly current: boolean;
  readonly state: "active" | "revoked";
  /** Milliseconds since the epoch, as the log's entries say. */
  readonly addedAt: number;
  readonly revokedAt?: number;
}

export type ListDevicesPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** Oldest first. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch` */
export declare function listDevices(ports: ListDevicesPorts, signal?: AbortSignal): Promise<readonly DeviceView[]>;

export interface RevokeDeviceInput {
  /** A device's id or, where only one active device has it, its label. */
  readonly device: string;
  readonly password: AskPassword;
}

/** @throws {AppError} `device_not_found`, `last_device` (this very device), `login_refused` */
export declare function revokeDevice(
  ports: ListDevicesPorts,
  input: RevokeDeviceInput,
  signal?: AbortSignal,
): Promise<DeviceView>;
