/**
 * `init`: makes an account on this machine. Account key, recovery code, master key, identity, receiving and device keys are all
 * made here; the (embedded) server gets public keys, signatures and envelopes only (docs/spec/protocol.md §1).
 *
 * @module
 */

import type { Email, UserId, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { StorageMode } from "../vault/config.ts";
import type { KeychainState } from "../ports/keychain.ts";
import type { EmergencyKit } from "./emergency_kit.ts";
import type { AskPassword, NewVault, Ports } from "./ports.ts";

/** What `init` asks for, each when it is needed and not before: a second run asks nothing. */
export interface InitAnswers {
  /** @throws {AppError} `missing_answer` naming `--email` */
  email(): Promise<Email>;
  /** A new password, asked twice. @throws {AppError} `password_required`, `missing_answer` */
  password: AskPassword;
  /**
   * Which vault to make. Called only when no `vault` is given and no system keychain answers.
   *
   * @throws {AppError} `missing_answer` naming `--vault`
   */
  vault(system: KeychainState): Promise<NewVault>;
}

export interface InitInput {
  readonly answers: InitAnswers;
  /** Checked against the existing account's on a second run. */
  readonly email?: Email;
  readonly vault?: NewVault;
  /** Default 1. On a second run a different mode is stored, nothing else changes. */
  readonly storageMode?: StorageMode;
  /** Name of the first workspace; default `Personal`. */
  readonly workspaceName?: WorkspaceName;
  /** Starts anew; the old home folder is renamed, never deleted. */
  readonly force?: boolean;
}

export type InitResult =
  | {
    readonly outcome: "created";
    readonly userId: UserId;
    readonly email: Email;
    readonly server: string;
    readonly workspace: { readonly id: WorkspaceId; readonly name: WorkspaceName };
    readonly storageMode: StorageMode;
    /** Name of the keychain backend in use. */
    readonly vault: string;
    /** Shown once; the caller disposes of it. */
    readonly kit: EmergencyKit;
    /** Where the former home folder is now, after `force`. `AGENTSECRETS_HOME` set to it brings that account back. */
    readonly setAside?: string;
  }
  | {
    /** There was an account already and it was kept. */
    readonly outcome: "kept";
    readonly userId: UserId;
    readonly email: Email;
    readonly server: string;
    readonly storageMode: StorageMode;
    readonly vault: string;
  };

/**
 * @throws {AppError} `already_initialised` (a second run with another e-mail or vault), `weak_password`, `missing_answer`,
 *   the keychain's codes, `file_unwritable`, `disk_full`
 */
export declare function init(ports: InitPorts, input: InitInput, signal?: AbortSignal): Promise<InitResult>;
export type InitPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "vaults" | "keychain" | "transport" | "renameFolder"
>;
