/**
 * `status`: who, where and in which state, without a password and without failing: what cannot be told is a warning.
 *
 * @module
 */

import type { DeviceId, Email, EnvironmentName, ProjectId, ProjectName, UserId } from "../kernel/names.ts";
import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { KeychainState } from "../ports/keychain.ts";
import type { StorageMode } from "../vault/config.ts";
import type { Ports } from "./ports.ts";

/** Differences of the active environment: names are counted, never listed here. */
export interface Drift {
  readonly synced: number;
  readonly localOnly: number;
  readonly remoteOnly: number;
  readonly outOfSync: number;
}

/** Something the person should know, with the error catalog's code and hint where it comes from there. */
export interface StatusWarning {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

export interface StatusResult {
  readonly initialised: boolean;
  readonly loggedIn: boolean;
  readonly home: string;
  readonly user?: { readonly id: UserId; readonly email: Email; readonly deviceId?: DeviceId };
  readonly server?: { readonly origin: string; readonly embedded: boolean; readonly reachable: boolean };
  readonly storageMode?: StorageMode;
  readonly workspace?: {
    readonly id: WorkspaceId;
    readonly name?: WorkspaceName;
    readonly role?: string;
    readonly allowlistEntries?: number;
  };
  readonly project?: { readonly id: ProjectId; readonly name: ProjectName; readonly folder?: string };
  readonly environment?: { readonly name: EnvironmentName };
  readonly keychain?: { readonly backend: string; readonly state: KeychainState["state"]; readonly reason?: string };
  readonly proxy?: { readonly running: boolean; readonly address?: string };
  readonly drift?: Drift;
  /** Milliseconds since the epoch; undefined when never. */
  readonly lastPull?: number;
  readonly lastPush?: number;
  readonly warnings: readonly StatusWarning[];
}

export type StatusPorts = Omit<Ports, "vaults" | "renameFolder">;

/** Never throws for a state it can describe. @throws {AppError} `config_damaged`, `unsupported_format` */
export declare function readStatus(ports: StatusPorts, signal?: AbortSignal): Promise<StatusResult>;
