/**
 * Which keychain a home uses, as its configuration says. Loads only the adapter that is asked for.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";
import type { Files } from "../../ports/files.ts";
import type { Keychain, KeychainState } from "../../ports/keychain.ts";
import type { Random } from "../../ports/random.ts";
import { GuardedKeychain, type VaultGuard } from "./guarded.ts";
import type { Unlock } from "./vault_file/unlock.ts";

/** `vault` of config.json. */
export interface VaultConfig {
  readonly kind: "system" | "file";
  /** For `file`; a passphrase when absent. `password`: the account's, in sealed mode. */
  readonly unlock?: "passphrase" | "password" | "key-file";
}

/** What opening or making a keychain needs. */
export interface KeychainSettings {
  readonly vault: VaultConfig;
  /** Separates the items of different homes. */
  readonly profile: string;
  /** Folder of the vault file, absolute. */
  readonly folder: string;
  readonly files: Files;
  readonly random: Random;
  /** Asked at most once per keychain, when the first item is needed. The keychain disposes of the answer. */
  readonly passphrase: () => Promise<Secret>;
  /** For the home's own vault: refuses once config.json names another. */
  readonly guard?: VaultGuard;
}

/** The keychain of a home. Opens nothing yet: a failure shows at the first use. */
export async function openKeychain(settings: KeychainSettings): Promise<Keychain> {
  const keychain = await bareKeychain(settings);
  return settings.guard === undefined ? keychain : new GuardedKeychain(keychain, settings.guard);
}

async function bareKeychain(settings: KeychainSettings): Promise<Keychain> {
  const { vault, profile, folder, files, random } = settings;
  if (vault.kind === "system") {
    const { SecretServiceKeychain } = await import("./linux.ts");
    return new SecretServiceKeychain({ profile, random });
  }
  const { FileKeychain } = await import("./file.ts");
  return new FileKeychain({ folder, profile, files, random, unlock: unlockOf(settings) });
}

/**
 * Makes the vault file of a new home, if the configuration wants one; a system keychain needs no making.
 *
 * @throws {AppError} `file_exists`, `weak_password`, `file_unwritable`, `disk_full`
 */
export async function createKeychain(settings: KeychainSettings): Promise<void> {
  if (settings.vault.kind === "system") return;
  const { createVault } = await import("./vault_file/lifecycle.ts");
  await createVault({ ...settings, unlock: unlockOf(settings) });
}

/** Which vault to remove: what opens it is not needed. */
export type DiscardedVault = Omit<KeychainSettings, "passphrase" | "guard">;

/**
 * Removes everything of a vault, in whatever state it is. Repeating it is safe.
 *
 * @throws {AppError} the keychain's codes, `file_unwritable`
 */
export async function discardKeychain(settings: DiscardedVault, signal?: AbortSignal): Promise<void> {
  if (settings.vault.kind === "file") {
    await (await import("./vault_file/removal.ts")).removeVault(settings.files, settings.folder);
    return;
  }
  const keychain = await bareKeychain({ ...settings, passphrase: () => Promise.reject(new TypeError("never asked")) });
  for (const collection of await keychain.collections(signal)) {
    const entries = await keychain.list(collection, signal);
    await keychain.apply(entries.map(({ name }) => ({ op: "remove", key: { collection, name } })), signal);
  }
}

/** Gives the vault file another passphrase. Takes over both secrets. */
export async function changePassphrase(
  settings: SealedPlace,
  current: Secret,
  next: Secret,
): Promise<void> {
  const { changeVaultPassphrase } = await import("./vault_file/lifecycle.ts");
  await changeVaultPassphrase(settings, current, next);
}

/** Where a sealed vault is. */
export type SealedPlace = Omit<KeychainSettings, "passphrase" | "vault" | "guard">;

/** Lets a sealed vault open with the account's next password too. Takes over both secrets. */
export async function announcePassword(place: SealedPlace, current: Secret, next: Secret): Promise<void> {
  const { announceVaultPassword } = await import("./vault_file/lifecycle.ts");
  await announceVaultPassword(place, current, next);
}

/** The announced password is the only one that opens the sealed vault from now on. */
export async function settlePassword(place: SealedPlace): Promise<void> {
  const { settleVaultPassword } = await import("./vault_file/lifecycle.ts");
  await settleVaultPassword(place);
}

/** Whether this machine's own keychain could be used, for the choice at `init`. Never prompts, starts nothing. */
export async function probeSystemKeychain(signal?: AbortSignal): Promise<KeychainState> {
  if (Deno.build.os !== "linux") return { state: "absent", reason: "this system's keychain is not supported yet" };
  const { probeSecretService } = await import("./secret_service/probe.ts");
  return probeSecretService(Deno.env, signal);
}

function unlockOf({ vault, passphrase }: KeychainSettings): Unlock {
  return vault.unlock === "key-file" ? { kind: "key-file" } : { kind: vault.unlock ?? "passphrase", passphrase };
}
