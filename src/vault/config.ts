/**
 * `config.json`: which account, server, vault and active workspace this home has. No credential is in it, and nothing that is
 * read from it is trusted: a wrong id leads to a log that does not verify.
 *
 * The parser is written by hand: every command reads this file, and a schema library would be most of its start-up time. It is
 * strict: an unknown version or field is an error, never "empty".
 *
 * @module
 */

import type {
  DeviceId,
  Email,
  EnvironmentId,
  EnvironmentName,
  ProjectId,
  UserId,
  WorkspaceId,
} from "../kernel/names.ts";
import type { Files } from "../ports/files.ts";
import type { Places } from "./places.ts";

/** Which vault holds this home's items. */
export type VaultChoice =
  | { readonly kind: "system" }
  | { readonly kind: "file"; readonly unlock: "passphrase" | "key-file" };

/** 1: keychain and `.env.example`. 2: also the values in `.env`. */
export type StorageMode = 1 | 2;

/** The account of this home. `deviceId` is absent after `logout`. */
export interface AccountReference {
  readonly userId: UserId;
  readonly email: Email;
  readonly deviceId?: DeviceId;
}

/** The file's content. */
export interface Config {
  /** Base32 of 10 random bytes: separates the keychain items of different homes. */
  readonly profile: string;
  /** `embedded:local`, or a server's origin. */
  readonly server: string;
  readonly account: AccountReference;
  readonly storageMode: StorageMode;
  readonly vault: VaultChoice;
  readonly active: {
    readonly workspaceId?: WorkspaceId;
    /** The person's own choice per project; without one the project file's default stands. */
    readonly environments: Readonly<Record<ProjectId, EnvironmentName>>;
  };
  /** When an environment was last pulled and pushed on this machine: ms since the epoch. */
  readonly last: {
    readonly pull: Readonly<Record<EnvironmentId, number>>;
    readonly push: Readonly<Record<EnvironmentId, number>>;
  };
  readonly proxy: { readonly port?: number };
}

/** The home's configuration, or undefined when there is no file. @throws {AppError} `config_damaged`, `unsupported_format`, `file_unreadable` */
export declare function readConfig(files: Files, places: Places): Promise<Config | undefined>;

/** The home's configuration. @throws {AppError} `not_initialised`; those of {@linkcode readConfig} */
export declare function requireConfig(files: Files, places: Places): Promise<Config>;

/**
 * Reads, changes and writes the configuration under its lock, so that two commands lose nothing of each other's.
 *
 * @throws {AppError} `not_initialised`, `lock_timeout`, `file_unwritable`, `disk_full`; those of {@linkcode readConfig}
 */
export declare function updateConfig(files: Files, places: Places, change: (config: Config) => Config): Promise<Config>;
