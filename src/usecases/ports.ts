/**
 * Everything a use-case may ask of the world. compose.ts builds one object of this shape; a use-case takes a `Pick` of it.
 *
 * What costs time or can fail (opening a keychain, a database, a socket) is an async getter that does its work once, on first
 * use: a command that needs no keychain never touches one.
 *
 * @module
 */

import type { Secret } from "../kernel/secret.ts";
import type { BrokerSocket } from "../ports/broker.ts";
import type { Clock } from "../ports/clock.ts";
import type { Files } from "../ports/files.ts";
import type { Keychain, KeychainState } from "../ports/keychain.ts";
import type { Random } from "../ports/random.ts";
import type { SecretReader } from "../ports/secret_reader.ts";
import type { SyncTransport } from "../ports/sync_transport.ts";
import type { Places } from "../vault/places.ts";
import type { VaultChoice } from "../vault/config.ts";

/** The world of one command. */
export interface Ports {
  readonly clock: Clock;
  readonly random: Random;
  readonly files: Files;
  readonly places: Places;
  /** The folder in which the search for `.agentsecrets/project.json` begins; absolute. */
  readonly workingFolder: string;
  readonly machine: Machine;
  readonly vaults: Vaults;
  /** The keychain that config.json names. @throws {AppError} `not_initialised`, the keychain's codes */
  keychain(): Promise<Keychain>;
  /** The way to the server that config.json names (before `init`: the embedded one). @throws {AppError} `server_unreachable` */
  transport(): Promise<SyncTransport>;
  /** Reads values for the engine: this process's keychain or, in sealed mode, a broker. */
  secretReader(): Promise<SecretReader>;
  /** The way to the process that holds an open sealed vault. */
  readonly broker: BrokerSocket;
  /** Renames a folder in one step. `to` must not exist. @throws {AppError} `file_unwritable` */
  renameFolder(from: string, to: string): Promise<void>;
}

/** What a device is called in the account's list of devices. */
export interface Machine {
  /** The host's name, shortened to what a device label may hold. */
  readonly name: string;
  /** `linux`, `darwin`, `windows`. */
  readonly system: string;
}

/** A vault that is to be made, with what opens it. `folder`: as in {@linkcode VaultChoice}. */
export type NewVault =
  | { readonly kind: "system" }
  | { readonly kind: "file"; readonly unlock: "passphrase"; readonly passphrase: Secret; readonly folder?: string }
  /** Sealed: `passphrase` is the account's password. */
  | { readonly kind: "file"; readonly unlock: "password"; readonly passphrase: Secret; readonly folder?: string }
  | { readonly kind: "file"; readonly unlock: "key-file"; readonly folder?: string };

/** Makes and looks for vaults before config.json names one. */
export interface Vaults {
  /** Whether this machine has a system keychain that answers now. Never prompts, never hangs. */
  probeSystem(signal?: AbortSignal): Promise<KeychainState>;
  /**
   * The vault of that profile, made if it does not exist; later calls of {@linkcode Ports.keychain} answer the same one.
   *
   * @throws {AppError} the keychain's codes
   */
  make(profile: string, vault: NewVault, signal?: AbortSignal): Promise<Keychain>;
  /**
   * Makes an empty vault beside the one in force, which stays what {@linkcode Ports.keychain} answers.
   *
   * @throws {AppError} `file_exists`, the keychain's codes
   */
  makeBeside(profile: string, vault: NewVault, signal?: AbortSignal): Promise<Keychain>;
  /**
   * Removes a vault that is not in force, in whatever state it is. Needs nothing that opens it; repeating it is safe.
   *
   * @throws {AppError} the keychain's codes, `file_unwritable`
   */
  discard(profile: string, vault: VaultChoice, signal?: AbortSignal): Promise<void>;
  /** Opens an existing vault. @throws {AppError} the keychain's codes */
  open(profile: string, vault: VaultChoice, signal?: AbortSignal): Promise<Keychain>;
  /** Lets a sealed vault open with `next` too. Takes over both. @throws {AppError} `vault_password_wrong` for `current` */
  announcePassword(profile: string, current: Secret, next: Secret): Promise<void>;
  /** Only the announced password opens the sealed vault from now on. */
  settlePassword(profile: string): Promise<void>;
  /** Sets the sealed vault aside, whole, and makes a new one under the account's next password, of which it disposes. */
  remakeSealed(profile: string, password: Secret): Promise<Keychain>;
  /** Forgets the keys of an open vault for good: this process gets nothing from it any more (`vault_sealed`). */
  seal(): void;
}

/** Asks the person for the account's password when it is needed, not before. @throws {AppError} `password_required` */
export type AskPassword = () => Promise<Secret>;
