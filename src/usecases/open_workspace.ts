/**
 * A workspace as its own signed log says it is. Every command that depends on members, projects or the allowlist opens it anew:
 * the log is fetched, checked against the id, replayed, held against the pins, and only then are the pins advanced. What files,
 * database rows or the server's other answers claim has no influence (docs/spec/protocol.md §4, §6).
 *
 * @module
 */

import type { Role } from "../contract/entries.ts";
import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { Device } from "./open_device.ts";
import type { Ports } from "./ports.ts";

/** A verified workspace. Disposing of it disposes of its device and keys. */
export interface OpenWorkspace extends Disposable {
  readonly device: Device;
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  readonly role: Role;
  /** The place in the log up to which everything here was verified. */
  readonly head: { readonly seq: number; readonly hash: string };
  readonly allowlist: {
    /** 0 when none was ever signed. */
    readonly version: number;
    /** Normalised entries of the newest `allowlist.set`, which only A of an admin can sign. */
    readonly rules: readonly string[];
  };
}

export interface OpenWorkspaceOptions {
  /** Default: the project file's (searched from `folder`), else the active one. */
  readonly workspaceId?: WorkspaceId;
  /** Where the search for the project file begins; default: the working folder. */
  readonly folder?: string;
}

export type WorkspacePorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "workingFolder" | "keychain" | "transport"
>;

/**
 * @throws {AppError} `not_initialised`, `not_logged_in`, `workspace_not_found`, `log_invalid`, `signature_invalid`,
 *   `pin_mismatch`, `server_unreachable`, the keychain's codes
 */
export declare function openWorkspace(
  ports: WorkspacePorts,
  options?: OpenWorkspaceOptions,
  signal?: AbortSignal,
): Promise<OpenWorkspace>;
