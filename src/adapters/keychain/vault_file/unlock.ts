/**
 * What opens a vault: a passphrase, or a key file whose promise is weaker (whoever reads the user's files reads the vault;
 * it only keeps values out of backups of single files, greps and mistakes).
 *
 * @module
 */

import { type Bytes, utf8 } from "../../../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../../kernel/encoding.ts";
import { AppError } from "../../../kernel/error.ts";
import { Secret } from "../../../kernel/secret.ts";
import { type Argon2Cost, argon2id } from "../../../crypto/hazmat/argon2id.ts";
import type { Files } from "../../../ports/files.ts";
import type { Random } from "../../../ports/random.ts";
import { bodyOf, damaged, withLine } from "./format.ts";

/** How a vault is opened, as the configuration says it. */
export type UnlockKind = "passphrase" | "key-file";

/** How a vault is opened, and with what. The passphrase is asked for once, at the first access, and disposed of here. */
export type Unlock =
  | { readonly kind: "passphrase"; readonly passphrase: () => Promise<Secret> }
  | { readonly kind: "key-file" };

const KEY_BYTES = 32;

/**
 * Costs that a head may name. Below the minimum (OWASP's second choice for Argon2id) a guess would be too cheap; above the
 * maximum a changed head could take the machine's memory before it is found out.
 */
const ACCEPTED: Readonly<Record<keyof Argon2Cost, readonly [minimum: number, maximum: number]>> = {
  memoryKiB: [19 * 1024, 512 * 1024],
  passes: [2, 16],
  lanes: [1, 16],
};

/** Whether a vault may be opened at `cost`. */
export function isAcceptedCost(cost: Argon2Cost): boolean {
  const parts = Object.keys(ACCEPTED) as (keyof Argon2Cost)[];
  return parts.every((part) => cost[part] >= ACCEPTED[part][0] && cost[part] <= ACCEPTED[part][1]);
}

/** The key of a passphrase. Disposes of the passphrase. @throws {AppError} `weak_password` when empty */
export async function passphraseKey(passphrase: Secret, salt: Uint8Array, cost: Argon2Cost): Promise<Secret> {
  using own = passphrase;
  if (own.isShorterThan(1)) throw new AppError("weak_password", { minimum: 1 });
  // EXPOSE: Argon2id derives the vault's key from the passphrase
  return Secret.take(await own.expose((bytes) => argon2id(bytes, salt, cost, KEY_BYTES)));
}

/** Writes a new key file, for its owner alone. @throws {AppError} `file_exists` rather than replace a key */
export async function createKeyFile(files: Files, path: string, random: Random): Promise<Secret> {
  const key = Secret.take(random(KEY_BYTES));
  // EXPOSE: the key file is where this key rests, readable by its owner alone
  await files.create(path, key.expose((bytes) => withLine("key", utf8(`${toBase64Url(bytes)}\n`))), { mode: 0o600 });
  return key;
}

/** The key in a key file. @throws {AppError} `vault_damaged` when missing, malformed, or open to others */
export async function readKeyFile(files: Files, path: string): Promise<Secret> {
  await refuseShared(path);
  const bytes = await files.read(path);
  if (bytes === undefined) throw damaged(path, "the key file is missing");
  const key = decodeKey(bodyOf("key", path, bytes));
  bytes.fill(0);
  if (key?.length !== KEY_BYTES) throw damaged(path, "it holds no key");
  return Secret.take(key);
}

function decodeKey(body: Uint8Array): Bytes | undefined {
  const text = new TextDecoder().decode(body);
  return text.endsWith("\n") ? fromBase64Url(text.slice(0, -1)) : undefined;
}

/** A key that others could read protects nothing: better to say so than to go on. */
async function refuseShared(path: string): Promise<void> {
  if (Deno.build.os === "windows") return;
  let mode: number | null;
  try {
    mode = (await Deno.stat(path)).mode;
  } catch {
    return; // reading it says what is wrong
  }
  if (mode !== null && (mode & 0o077) !== 0) throw damaged(path, "other users may read it; run chmod 600 on it");
}
