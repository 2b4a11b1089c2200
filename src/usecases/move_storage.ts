/**
 * `account storage`: the home's vault moves to another kind of storage, whole, and the account stays (docs/adr/0011-moving-the-storage.md).
 *
 * The order makes a kill harmless at any moment. The new vault is made beside the old one and read back; then one write of
 * config.json puts it in force; only then does the old one go. Before that write the old vault is complete and in force, after it
 * the new one is. What a kill leaves over is found by the journal and removed by the next run.
 *
 * @module
 */

import { toBase32 } from "../kernel/encoding.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Keychain } from "../ports/keychain.ts";
import {
  type Config,
  isSealed,
  requireConfig,
  type StorageMode,
  updateConfig,
  type VaultChoice,
  vaultFolderName,
} from "../vault/config.ts";
import { lockPath } from "../vault/places.ts";
import { copyVault } from "./copy_vault.ts";
import { askNewPassword } from "./new_password.ts";
import { openOwnAccount } from "./open_account.ts";
import type { AskPassword, NewVault, Ports } from "./ports.ts";
import { proxyLock, readProxyState } from "./proxy_state.ts";
import { leftOver, readJournal, removeJournal, storageLock, writeJournal } from "./storage_journal.ts";
import { unlockAccount } from "./unlock_account.ts";

/** Where values shall rest. */
export type StorageTarget =
  | { readonly kind: "system" }
  | { readonly kind: "sealed" }
  | { readonly kind: "file"; readonly unlock: "key-file" }
  | { readonly kind: "file"; readonly unlock: "passphrase"; readonly passphrase: AskPassword };

export interface MoveStorageInput {
  readonly to: StorageTarget;
  /** The account's: asked for when something is to be moved. */
  readonly password: AskPassword;
}

/** Where values rest. */
export interface StorageView {
  readonly vault: VaultChoice;
  readonly storageMode: StorageMode;
  /** A move was cut off, and a vault that is not in force is still there. */
  readonly leftOver: boolean;
}

export interface MoveStorageResult extends StorageView {
  /** `kept`: they rested there already. */
  readonly outcome: "moved" | "kept";
  readonly from: VaultChoice;
  readonly formerMode: StorageMode;
  /** How many items moved: values, keys, pins. */
  readonly items: number;
  /** What an earlier move had left over was removed. */
  readonly tidied: boolean;
}

export type MoveStoragePorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "machine" | "keychain" | "transport" | "vaults"
>;

/** How long to wait for the proxy's lock before a proxy is taken to hold it, and for another move, in ms. */
const PROXY_MS = 500, MOVE_MS = 2_000;

/** Where values rest now. @throws {AppError} `not_initialised`, `config_damaged` */
export async function readStorage(ports: Pick<Ports, "files" | "places">): Promise<StorageView> {
  const config = await requireConfig(ports.files, ports.places);
  const journal = await readJournal(ports);
  return viewOf(config, journal !== undefined && leftOver(journal, config) !== undefined);
}

/**
 * Moves everything, or finishes a move that was cut off.
 *
 * @throws {AppError} `not_initialised`, `not_logged_in`, `proxy_must_end`, `lock_timeout` (another move), `login_refused`,
 *   `process_exposed`, `weak_password`, the codes of both vaults and of the system's keychain, `file_unwritable`, `disk_full`
 */
export async function moveStorage(
  ports: MoveStoragePorts,
  input: MoveStorageInput,
  signal?: AbortSignal,
): Promise<MoveStorageResult> {
  await requireConfig(ports.files, ports.places); // before a lock makes a home where there is none
  return await withoutProxy(ports, async () => {
    return await ports.files.withLock(storageLock(ports), async () => {
      const config = await requireConfig(ports.files, ports.places);
      const tidied = await tidy(ports, signal);
      if (isThere(config.vault, input.to)) {
        return {
          ...viewOf(config, false),
          outcome: "kept",
          from: config.vault,
          formerMode: config.storageMode,
          items: 0,
          tidied,
        };
      }
      await refuseUnusable(ports, input.to, signal);
      const { items, after } = await move(ports, config, input, signal);
      // It is in force now; what of the former cannot be removed yet is told, and is no failure of the move.
      const isLeft = await tidy(ports).then(() => false, (error) => {
        if (isAppError(error)) return true;
        throw error;
      });
      const from = { from: config.vault, formerMode: config.storageMode };
      return { ...viewOf(after, isLeft), outcome: "moved", ...from, items, tidied };
    }, { timeoutMs: MOVE_MS });
  });
}

/** A proxy, and a broker with it, keeps a vault open for hours: none runs, and none starts, while the vault moves. */
async function withoutProxy<T>({ files, places }: MoveStoragePorts, work: () => Promise<T>): Promise<T> {
  let held = false;
  try {
    return await files.withLock(proxyLock(places), async () => {
      held = true;
      return await work();
    }, { timeoutMs: PROXY_MS });
  } catch (error) {
    if (held || !isAppError(error, "lock_timeout")) throw error;
    const other = await readProxyState(files, places).catch(() => undefined);
    const address = other?.addresses[0] ?? "an address that is not known yet";
    throw new AppError("proxy_must_end", { action: "move the storage", address });
  }
}

/** Removes the vault of an earlier move that is not in force. Whether there was one. */
async function tidy(ports: MoveStoragePorts, signal?: AbortSignal): Promise<boolean> {
  const journal = await readJournal(ports);
  if (journal === undefined) return false;
  const config = await requireConfig(ports.files, ports.places);
  const vault = leftOver(journal, config);
  if (vault !== undefined) await ports.vaults.discard(config.profile, vault, signal);
  await removeJournal(ports);
  return vault !== undefined;
}

async function move(
  ports: MoveStoragePorts,
  config: Config,
  { to, password }: MoveStorageInput,
  signal?: AbortSignal,
): Promise<{ readonly items: number; readonly after: Config }> {
  const { profile, vault: from } = config;
  using own = await openOwnAccount(ports, signal);
  using proved = await password();
  // Values may come to rest where less protects them, and a sealed vault must open with this very password: it is proved first.
  await unlockAccount(own.device, own.client, own.account, async () => proved.clone(), async () => {}, signal);
  const made = await newVault(ports, to, proved);
  using _typed = "passphrase" in made ? made.passphrase : undefined;
  const choice = choiceOf(made);
  await writeJournal(ports, { profile, from, to: choice });
  try {
    // What lies there of this home's is not in force: a move that lost its journal left it.
    if (choice.kind === "system") await ports.vaults.discard(profile, choice, signal);
    const next = await ports.vaults.makeBeside(profile, made, signal);
    return await switchOver(ports, config, await ports.keychain(), next, choice, signal);
  } catch (error) {
    // As a kill would leave it, tidied at once where that is possible.
    await tidy(ports).catch(() => {});
    throw error;
  }
}

/** Before anything is asked or written: a system keychain that does not answer could not be tidied up either. */
async function refuseUnusable({ vaults }: MoveStoragePorts, to: StorageTarget, signal?: AbortSignal): Promise<void> {
  if (to.kind !== "system") return;
  const system = await vaults.probeSystem(signal);
  const backend = "system keychain";
  if (system.state === "absent") throw new AppError("keychain_absent", { backend, reason: system.reason });
  if (system.state === "locked") throw new AppError("keychain_locked", { backend });
}

/** Nobody writes to the old vault between the copy and the switch: every write takes this lock and looks which vault is in force. */
async function switchOver(
  ports: MoveStoragePorts,
  before: Config,
  old: Keychain,
  next: Keychain,
  vault: VaultChoice,
  signal?: AbortSignal,
): Promise<{ readonly items: number; readonly after: Config }> {
  return await ports.files.withLock(lockPath(ports.places, "vault"), async () => {
    const items = await copyVault(old, next, signal);
    signal?.throwIfAborted();
    const storageMode = isSealed({ vault }) ? 3 : before.storageMode === 3 ? 1 : before.storageMode;
    const after = await updateConfig(ports.files, ports.places, (config) => ({ ...config, vault, storageMode }));
    return { items, after };
  });
}

/** In a folder of its own: old and new are there together. */
async function newVault({ random }: MoveStoragePorts, to: StorageTarget, password: Secret): Promise<NewVault> {
  if (to.kind === "system") return { kind: "system" };
  const folder = vaultFolderName(toBase32(random(10)));
  if (to.kind === "sealed") return { kind: "file", unlock: "password", passphrase: password.clone(), folder };
  if (to.unlock === "key-file") return { kind: "file", unlock: to.unlock, folder };
  return { kind: "file", unlock: "passphrase", passphrase: await askNewPassword(to.passphrase), folder };
}

function choiceOf(vault: NewVault): VaultChoice {
  if (vault.kind === "system") return { kind: "system" };
  const { kind, unlock, folder } = vault;
  return { kind, unlock, ...(folder === undefined ? {} : { folder }) };
}

function isThere(vault: VaultChoice, to: StorageTarget): boolean {
  if (to.kind === "sealed") return isSealed({ vault });
  if (to.kind === "system" || vault.kind === "system") return vault.kind === to.kind;
  return vault.unlock === to.unlock;
}

function viewOf({ vault, storageMode }: Config, isLeft: boolean): StorageView {
  return { vault, storageMode, leftOver: isLeft };
}
