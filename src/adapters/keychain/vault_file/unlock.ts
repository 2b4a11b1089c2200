/**
 * What opens a vault: a passphrase, the account's password (sealed mode, docs/adr/0006-sealed-mode.md), or a key file whose promise
 * is weaker (whoever reads the user's files reads the vault; it only keeps values out of backups of single files, greps and mistakes).
 *
 * @module
 */

import { type Bytes, fromUtf8, utf8 } from "../../../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../../kernel/encoding.ts";
import { AppError } from "../../../kernel/error.ts";
import { Secret } from "../../../kernel/secret.ts";
import { type Argon2Cost, argon2id } from "../../../crypto/hazmat/argon2id.ts";
import type { Files } from "../../../ports/files.ts";
import type { Random } from "../../../ports/random.ts";
import { bodyOf, damaged, withLine } from "./format.ts";

/** How a vault is opened, as the configuration says it. */
export type UnlockKind = TypedKind | "key-file";

/** What a person types. A vault of one kind never opens as the other. */
export type TypedKind = "passphrase" | "password";

/** How a vault is opened, and with what. What is typed is asked for once, at the first access, and disposed of here. */
export type Unlock =
  | { readonly kind: TypedKind; readonly passphrase: () => Promise<Secret> }
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

/** The key of what was typed, of which it disposes. @throws {AppError} `weak_password` when empty, `invalid_input` */
export async function typedKey(
  kind: TypedKind,
  typed: Secret,
  { salt, cost }: { readonly salt: Uint8Array; readonly cost: Argon2Cost },
): Promise<Secret> {
  using own = kind === "password" ? normalised(typed) : typed;
  if (own.isShorterThan(1)) throw new AppError("weak_password", { minimum: 1 });
  // EXPOSE: Argon2id derives the vault's key from the passphrase
  return Secret.take(await own.expose((bytes) => argon2id(bytes, salt, cost, KEY_BYTES)));
}

/** NFKC, as the account's own derivation has it: the password opens both, whatever keyboard it is typed on. */
function normalised(password: Secret): Secret {
  using typed = password;
  // EXPOSE: Unicode normalisation works on text
  return typed.expose((bytes) => {
    try {
      return Secret.take(utf8(fromUtf8(bytes).normalize("NFKC")));
    } catch {
      throw new AppError("invalid_input", { what: "the password", reason: "it is not valid UTF-8" });
    }
  });
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
  const bytes = await files.read(path, { regularOnly: true });
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
