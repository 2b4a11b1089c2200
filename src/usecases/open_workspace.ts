/**
 * A workspace as its own signed log says it is. Every command that depends on members, projects or the allowlist opens it anew:
 * the log is fetched, checked against the id, replayed, held against the pins, and only then are the pins advanced. What files,
 * database rows or the server's other answers claim has no influence (docs/spec/protocol.md §4, §6).
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { Role } from "../contract/entries.ts";
import type { UserId, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { AccountState } from "../ledger/account_state.ts";
import type { WorkspaceState } from "../ledger/workspace_state.ts";
import type { Device } from "./open_device.ts";
import type { Ports } from "./ports.ts";

/** A verified workspace. Disposing of it disposes of its device and keys. */
export interface OpenWorkspace extends Disposable {
  readonly device: Device;
  /** A client with this device's session. */
  readonly client: SyncClient;
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  /** This person's own. */
  readonly role: Role;
  /** The replayed log; `state.head` is the place up to which everything here was verified. */
  readonly state: WorkspaceState;
  /** The replayed account logs of everyone who signed an entry, this person's own among them. */
  readonly accounts: ReadonlyMap<UserId, AccountState>;
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
