/** A vault file in a folder for one test. */
import { DiskFiles } from "../../src/adapters/files/disk.ts";
import { FileKeychain, type FileKeychainOptions } from "../../src/adapters/keychain/file.ts";
import { createVault } from "../../src/adapters/keychain/vault_file/lifecycle.ts";
import type { Unlock } from "../../src/adapters/keychain/vault_file/unlock.ts";
import { systemRandom } from "../../src/adapters/random/system.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { Files } from "../../src/ports/files.ts";

/** The least that a head may ask for: tests need the format, not the cost. */
export const CHEAP = { memoryKiB: 19 * 1024, passes: 2, lanes: 1 } as const;

export function passphrase(text: string): Unlock {
  return { kind: "passphrase", passphrase: async () => Secret.fromText(text) };
}

export const KEY_FILE: Unlock = { kind: "key-file" };

export function vaultOptions(
  folder: string,
  unlock: Unlock = KEY_FILE,
  files: Files = new DiskFiles(systemRandom, { now: () => Date.now() }),
): FileKeychainOptions {
  return { folder, profile: "profile", files, random: systemRandom, unlock };
}

/** Makes a vault and opens it. */
export async function makeVault(folder: string, unlock: Unlock = KEY_FILE): Promise<FileKeychain> {
  await createVault({ ...vaultOptions(folder, unlock), cost: CHEAP });
  return new FileKeychain(vaultOptions(folder, unlock));
}
