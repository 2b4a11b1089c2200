/**
 * `logout`: session, receiving key and device key leave this machine. With `forget` also the account key and every stored
 * value, so that nothing of the account is left but its (sealed) server data.
 *
 * @module
 */

import type { Email } from "../kernel/names.ts";
import type { Ports } from "./ports.ts";

export interface LogoutInput {
  /** Also removes the account key, the pins and all values of this profile. */
  readonly forget?: boolean;
  /** With `forget`: loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface LogoutResult {
  readonly email: Email;
  /** False when there was no session or the server could not be told. */
  readonly sessionEnded: boolean;
  readonly forgotten: boolean;
  /** How many stored values were removed; 0 without `forget`. */
  readonly removedValues: number;
}

export type LogoutPorts = Pick<Ports, "clock" | "files" | "places" | "keychain" | "transport" | "random">;

/** @throws {AppError} `not_initialised`, `unsynced_changes`, the keychain's codes */
export declare function logout(ports: LogoutPorts, input: LogoutInput, signal?: AbortSignal): Promise<LogoutResult>;
