/**
 * This home's keychain, as config.json names it.
 *
 * @module
 */

import type { VaultGuard } from "../adapters/keychain/guarded.ts";
import type { KeychainSettings, SealedPlace } from "../adapters/keychain/open.ts";
import { renameFolder } from "../adapters/files/rename_folder.ts";
import type { WorldOptions } from "../cli/context.ts";
import { AppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Keychain, KeychainState } from "../ports/keychain.ts";
import type { PerVault } from "../usecases/per_vault.ts";
import type { NewVault, Vaults } from "../usecases/ports.ts";
import type { VaultChoice } from "../vault/config.ts";
import type { Basis } from "./basis.ts";

/** The keychain of this home: the one that config.json names, or the one that `init` has just made. */
export class HomeVaults implements Vaults {
  readonly #basis: Basis;
  readonly #ask: WorldOptions;
  /** Loaded when it is needed: many commands open no vault. */
  #configured: Promise<PerVault<Keychain>> | undefined;
  /** What this process made itself, maybe before config.json names it. */
  #made: Keychain | undefined;
  #sealed = false;

  constructor(basis: Basis, ask: WorldOptions) {
    this.#basis = basis;
    this.#ask = ask;
  }

  async current(): Promise<Keychain> {
    return this.#made ?? await (await (this.#configured ??= this.#ofConfiguration())).current();
  }

  async probeSystem(signal?: AbortSignal): Promise<KeychainState> {
    return await (await import("../adapters/keychain/open.ts")).probeSystemKeychain(signal);
  }

  async make(profile: string, vault: NewVault): Promise<Keychain> {
    return this.#made = await this.makeBeside(profile, vault);
  }

  async makeBeside(profile: string, vault: NewVault): Promise<Keychain> {
    const { createKeychain, openKeychain } = await import("../adapters/keychain/open.ts");
    await this.#guard(vault);
    const passphrase = vault.kind === "file" && vault.unlock !== "key-file"
      ? () => Promise.resolve(vault.passphrase.clone())
      : this.#ask.vaultPassphrase;
    const settings = await this.#settings(profile, vault, passphrase);
    await createKeychain(settings);
    return await openKeychain(settings);
  }

  async discard(profile: string, vault: VaultChoice, signal?: AbortSignal): Promise<void> {
    const { discardKeychain } = await import("../adapters/keychain/open.ts");
    await discardKeychain({ ...await this.#place(profile, vault), vault }, signal);
  }

  async open(profile: string, vault: VaultChoice): Promise<Keychain> {
    const { openKeychain } = await import("../adapters/keychain/open.ts");
    const guard = await this.#guardOf(profile, vault);
    return await openKeychain({ ...await this.#settings(profile, vault, () => this.#typed(vault)), guard });
  }

  async announcePassword(profile: string, current: Secret, next: Secret): Promise<void> {
    const { announcePassword } = await import("../adapters/keychain/open.ts");
    await announcePassword(await this.#place(profile, await this.#chosen()), current, next);
  }

  async settlePassword(profile: string): Promise<void> {
    const { settlePassword } = await import("../adapters/keychain/open.ts");
    await settlePassword(await this.#place(profile, await this.#chosen()));
  }

  async remakeSealed(profile: string, password: Secret): Promise<Keychain> {
    using owned = password;
    const chosen = await this.#chosen();
    const { folder: path } = await this.#place(profile, chosen);
    const stamp = new Date(this.#basis.clock.now()).toISOString().replace(/\D/g, "").slice(0, 17);
    if (await this.#basis.files.exists(path)) await renameFolder(path, `${path}.before-${stamp}`);
    const folder = chosen.kind === "file" && chosen.folder !== undefined ? { folder: chosen.folder } : {};
    return await this.make(profile, { kind: "file", unlock: "password", passphrase: owned.clone(), ...folder });
  }

  seal(): void {
    this.#sealed = true;
    if (this.#made !== undefined) close(this.#made);
    this.#configured?.then((configured) => configured.drop());
  }

  async #ofConfiguration(): Promise<PerVault<Keychain>> {
    const { PerVault } = await import("../usecases/per_vault.ts");
    return new PerVault(this.#basis, { make: ({ profile, vault }) => this.open(profile, vault), retire: close });
  }

  /** What opens the vault, from a person or a flag; nothing any more once it was sealed. */
  async #typed(vault: VaultChoice): Promise<Secret> {
    if (this.#sealed) throw new AppError("vault_sealed");
    if (vault.kind !== "file" || vault.unlock !== "password") return await this.#ask.vaultPassphrase();
    await this.#guard(vault);
    return await this.#ask.password();
  }

  /** A sealed vault opens only where no other program can look on. */
  async #guard(vault: VaultChoice): Promise<void> {
    if (vault.kind !== "file" || vault.unlock !== "password") return;
    await (await import("../adapters/process/harden.ts")).requireHardProcess();
  }

  /** The vault that config.json names now. */
  async #chosen(): Promise<VaultChoice> {
    return (await (await import("../vault/config.ts")).requireConfig(this.#basis.files, this.#basis.places)).vault;
  }

  async #guardOf(profile: string, vault: VaultChoice): Promise<VaultGuard> {
    const [{ isSameVault, readConfig }, { lockPath }] = await Promise.all([
      import("../vault/config.ts"),
      import("../vault/places.ts"),
    ]);
    const { files, places } = this.#basis;
    const inForce = async (): Promise<boolean> => {
      const config = await readConfig(files, places);
      return config === undefined || (config.profile === profile && isSameVault(config.vault, vault));
    };
    return { files, lockPath: lockPath(places, "vault"), inForce };
  }

  async #settings(
    profile: string,
    vault: VaultChoice | NewVault,
    passphrase: () => Promise<Secret>,
  ): Promise<KeychainSettings> {
    const unlock = vault.kind === "file" ? { unlock: vault.unlock } : {};
    return { ...await this.#place(profile, vault), vault: { kind: vault.kind, ...unlock }, passphrase };
  }

  async #place(profile: string, vault: VaultChoice | NewVault): Promise<SealedPlace> {
    const { files, random, places } = this.#basis;
    return { profile, folder: (await import("../vault/config.ts")).vaultFolderOf(places, vault), files, random };
  }
}

/** Wipes its keys, where it holds any. */
function close(keychain: Keychain & Partial<Disposable>): void {
  keychain[Symbol.dispose]?.();
}
