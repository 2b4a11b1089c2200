/**
 * `workspace allowlist add` and `remove`: a new version of the list, signed by A. A's private key exists only between the
 * password and the end of this call, so whoever has the files, the keychain and the session but not the password can change
 * nothing (docs/spec/protocol.md §6).
 *
 * @module
 */

import type { AllowlistView } from "./list_allowlist.ts";
import type { AskPassword, Ports } from "./ports.ts";

export interface ChangeAllowlistInput {
  /** Entries as typed: host, `*.host`, `host:port`, or a full origin. All are checked before the password is asked. */
  readonly entries: readonly string[];
  readonly password: AskPassword;
}

export interface ChangeAllowlistResult {
  /** Normalised entries that this call added or removed. */
  readonly changed: readonly string[];
  /** Normalised entries that were there (add) or were not there (remove) already. */
  readonly unchanged: readonly string[];
  readonly allowlist: AllowlistView;
}

export type ChangeAllowlistPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/**
 * Asks for the password even when nothing changes.
 *
 * @throws {AppError} `invalid_allowlist_entry`, `not_logged_in`, `password_required`, `login_refused`, `role_required`, `log_invalid`, `pin_mismatch`
 */
export declare function addAllowlistEntries(
  ports: ChangeAllowlistPorts,
  input: ChangeAllowlistInput,
  signal?: AbortSignal,
): Promise<ChangeAllowlistResult>;

/** As {@linkcode addAllowlistEntries}. */
export declare function removeAllowlistEntries(
  ports: ChangeAllowlistPorts,
  input: ChangeAllowlistInput,
  signal?: AbortSignal,
): Promise<ChangeAllowlistResult>;
