/** `workspace allowlist list` and the changes of `log`: read from the verified workspace log, never from a file. @module */

import type { UserId, WorkspaceName } from "../kernel/names.ts";
import type { Ports } from "./ports.ts";

export interface AllowlistEntryView {
  /** Normalised. */
  readonly entry: string;
  /** E-mail of who added it where it is known, else the user id. */
  readonly addedBy: string;
  readonly addedById: UserId;
  /** Milliseconds since the epoch, as the signed entry says. */
  readonly addedAt: number;
}

export interface AllowlistView {
  readonly workspace: WorkspaceName;
  /** 0 when nothing was ever allowed. */
  readonly version: number;
  /** In the signed list's order. */
  readonly entries: readonly AllowlistEntryView[];
}

export interface AllowlistChangeView {
  readonly version: number;
  readonly at: number;
  readonly by: string;
  readonly byId: UserId;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export type ListAllowlistPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** @throws {AppError} `not_logged_in`, `workspace_not_found`, `log_invalid`, `pin_mismatch` */
export declare function listAllowlist(ports: ListAllowlistPorts, signal?: AbortSignal): Promise<AllowlistView>;

/** Oldest first. Blocked attempts are in the proxy's audit log, not here. @throws {AppError} as {@linkcode listAllowlist} */
export declare function listAllowlistChanges(
  ports: ListAllowlistPorts,
  signal?: AbortSignal,
): Promise<readonly AllowlistChangeView[]>;
