/**
 * Making a vault, opening it, and changing its passphrase.
 *
 * @module
 */

import { join } from "node:path";
import { AppError, isAppError } from "../../../kernel/error.ts";
import type { Secret } from "../../../kernel/secret.ts";
import type { Argon2Cost } from "../../../crypto/hazmat/argon2id.ts";
import type { Files } from "../../../ports/files.ts";
import type { Random } from "../../../ports/random.ts";
import { isCollectionFile } from "./collection.ts";
import { damaged } from "./format.ts";
import { type Head, newMasterKey, newParameters, openHead, parseHead, sealHead } from "./head.ts";
import { createKeyFile, readKeyFile, typedKey, type Unlock, type UnlockKind } from "./unlock.ts";

const HEAD = "vault.head";
/** The head under the password that the account is about to get: whichever of the two the server takes, one head opens. */
const NEXT_HEAD = "vault.head.next";
const KEY = "vault.key";
const LOCK = "lock";

/** Where a vault is and to whom it belongs. */
export interface VaultPlace {
  /** Absolute path of its folder. */
  readonly folder: string;
  /** The home's profile: a vault copied from another home is refused. */
  readonly profile: string;
}

interface Means {
  readonly files: Files;
  readonly random: Random;
}

/** The file that is changed whenever what opens the vault is. */
export function headPath(folder: string): string {
  return join(folder, HEAD);
}

/** Whether there is a vault. Does not tell whether it opens. */
export function isVaultThere({ files, folder }: VaultPlace & Pick<Means, "files">): Promise<boolean> {
  return files.exists(join(folder, HEAD));
}

/**
 * Makes an empty vault. `cost` is for tests; by default that of suite 1.
 *
 * @throws {AppError} `file_exists` when there is one, `vault_damaged` when its head is missing, `weak_password`,
 * `file_unwritable`, `disk_full`
 */
export async function createVault(
  { files, random, folder, profile, unlock, cost }: VaultPlace & Means & {
    readonly unlock: Unlock;
    readonly cost?: Argon2Cost;
  },
): Promise<void> {
  const path = join(folder, HEAD);
  await files.makeFolder(folder, 0o700);
  await refuseExisting(files, folder, path);
  const parameters = newParameters(unlock.kind, random, cost);
  using typed = unlock.kind === "key-file"
    ? undefined
    : await typedKey(unlock.kind, await unlock.passphrase(), parameters);
  await files.withLock(join(folder, LOCK), async () => {
    await refuseExisting(files, folder, path);
    using key = typed?.clone() ?? await newKeyFile(files, join(folder, KEY), random);
    using master = newMasterKey(random);
    await files.create(path, sealHead(profile, parameters, key, master, random), { mode: 0o600 });
  });
}

/** A new head over old collections would make them unreadable for ever. */
async function refuseExisting(files: Files, folder: string, path: string): Promise<void> {
  if (await files.exists(path)) throw new AppError("file_exists", { path });
  if (await hasCollections(folder)) throw damaged(path, "it is missing");
}

/** A key file without a head was left by a creation that died: it opens nothing and is taken over. */
async function newKeyFile(files: Files, path: string, random: Random): Promise<Secret> {
  return await files.exists(path) ? readKeyFile(files, path) : createKeyFile(files, path, random);
}

/**
 * The vault's master key. The caller disposes of it.
 *
 * @throws {AppError} `keychain_absent`, `vault_passphrase_wrong`, `vault_password_wrong`, `vault_damaged`, `unsupported_format`
 */
export async function openVault(
  { files, folder, profile, unlock }: VaultPlace & Pick<Means, "files"> & { readonly unlock: Unlock },
): Promise<Secret> {
  const path = join(folder, HEAD);
  const head = await readHead(files, folder, path, unlock.kind);
  if (unlock.kind === "key-file") {
    using key = await readKeyFile(files, join(folder, KEY));
    return openHead(path, profile, head, key);
  }
  using typed = await unlock.passphrase();
  using key = await typedKey(unlock.kind, typed.clone(), head.parameters);
  try {
    return openHead(path, profile, head, key);
  } catch (error) {
    const nextPath = join(folder, NEXT_HEAD);
    if (!isAppError(error, "vault_password_wrong") || !await files.exists(nextPath)) throw error;
    const next = await readHead(files, folder, nextPath, unlock.kind);
    using nextKey = await typedKey(unlock.kind, typed.clone(), next.parameters);
    return openHead(nextPath, profile, next, nextKey);
  }
}

/**
 * Lets a sealed vault open with `next` too, until {@linkcode settleVaultPassword}. Takes over both secrets. A kill in between leaves
 * a vault that opens with either password, as the account may have taken either.
 *
 * @throws {AppError} `vault_password_wrong` for `current`, and those of {@linkcode openVault}
 */
export async function announceVaultPassword(
  place: VaultPlace & Means,
  current: Secret,
  next: Secret,
  cost?: Argon2Cost,
): Promise<void> {
  await sealAnew(place, "password", current, next, { head: NEXT_HEAD, cost });
}

/** The announced password is the only one from now on. Does nothing where none was announced. */
export async function settleVaultPassword({ files, folder }: VaultPlace & Pick<Means, "files">): Promise<void> {
  await files.withLock(join(folder, LOCK), async () => {
    const next = await files.read(join(folder, NEXT_HEAD));
    if (next === undefined) return;
    await files.write(join(folder, HEAD), next, { mode: 0o600 });
    await files.remove(join(folder, NEXT_HEAD));
  });
}

/**
 * Gives the vault another passphrase, with a new salt. The collections stay as they are. Takes over both secrets.
 *
 * @throws {AppError} `vault_passphrase_wrong` for `current`, `weak_password` for `next`, and those of {@linkcode openVault}
 */
export async function changeVaultPassphrase(
  place: VaultPlace & Means,
  current: Secret,
  next: Secret,
  cost?: Argon2Cost,
): Promise<void> {
  await sealAnew(place, "passphrase", current, next, { head: HEAD, cost });
}

/** Writes a head that opens with `next`, with a salt of its own; the collections stay as they are. Takes over both secrets. */
async function sealAnew(
  place: VaultPlace & Means,
  kind: "password" | "passphrase",
  current: Secret,
  next: Secret,
  { head, cost }: { readonly head: string; readonly cost: Argon2Cost | undefined },
): Promise<void> {
  const { files, random, folder, profile } = place;
  using nextOwned = next;
  using currentOwned = current;
  await files.withLock(join(folder, LOCK), async () => {
    using master = await openVault({ ...place, unlock: { kind, passphrase: async () => currentOwned.clone() } });
    const parameters = newParameters(kind, random, cost);
    using key = await typedKey(kind, nextOwned.clone(), parameters);
    await files.write(join(folder, head), sealHead(profile, parameters, key, master, random), { mode: 0o600 });
  });
}

async function readHead(files: Files, folder: string, path: string, kind: UnlockKind): Promise<Head> {
  const bytes = await files.read(path, { regularOnly: true });
  if (bytes === undefined) {
    if (await hasCollections(folder)) throw damaged(path, "it is missing");
    throw new AppError("keychain_absent", { backend: "vault file", reason: `there is none in ${folder}` });
  }
  const head = parseHead(path, bytes);
  if (head.parameters.unlock === kind) return head;
  throw damaged(path, `it is opened by a ${head.parameters.unlock}, not by a ${kind}`);
}

async function hasCollections(folder: string): Promise<boolean> {
  try {
    for await (const entry of Deno.readDir(folder)) if (isCollectionFile(entry.name)) return true;
  } catch {
    // No folder: nothing in it.
  }
  return false;
}
