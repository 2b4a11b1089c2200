/**
 * What this machine knows of an environment's secrets: the keychain's items and the few public facts kept with each. There is
 * no index beside them that could drift (docs/spec/protocol.md §7).
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { parseSecretName, type SecretName } from "../kernel/names.ts";
import type { KeychainEntry, KeychainMeta } from "../ports/keychain.ts";
import type { SecretBinding, SecretScope } from "../ports/secret_reader.ts";

/** The value of a tombstone: a keychain item cannot be without one. */
export const TOMBSTONE_VALUE = "-";

/** Equal to the server's version it names; changed here since; deleted here since. */
export type LocalState = "synced" | "modified" | "deleted";

/** One secret of this machine, without its value. */
export interface LocalSecret {
  readonly name: SecretName;
  readonly state: LocalState;
  /** The server's version that this copy equals or was changed from; 0 when it was never on the server. */
  readonly baseVersion: number;
  readonly binding: SecretBinding;
  /** Mark of the `.env` file that held this very value when it was last looked at ({@linkcode dotenvMark}). */
  readonly dotenv?: string;
}

/** The keychain collection of an environment. */
export function collectionOf(scope: SecretScope): string {
  return `${scope.workspaceId}/${scope.projectId}/${scope.environmentId}`;
}

function listOf(text: string | undefined): readonly string[] | undefined {
  return text === undefined ? undefined : text === "" ? [] : text.split(",");
}

function isState(text: string | undefined): text is LocalState {
  return text === "synced" || text === "modified" || text === "deleted";
}

function damaged(entry: KeychainEntry, reason: string): AppError {
  return new AppError("vault_damaged", { path: `${entry.collection}/${entry.name}`, reason });
}

/** Binding as kept with an item: comma lists; a list that is absent does not restrict, an empty one allows nothing. */
export function bindingOf(meta: KeychainMeta): SecretBinding {
  const domains = listOf(meta.domains), methods = listOf(meta.methods);
  return { ...(domains === undefined ? {} : { domains }), ...(methods === undefined ? {} : { methods }) };
}

/** The secret that a keychain entry stands for. @throws {AppError} `vault_damaged` when its facts are not ours */
export function localSecret(entry: KeychainEntry): LocalSecret {
  const { version, state, dotenv } = entry.meta;
  if (!/^(0|[1-9][0-9]{0,14})$/.test(version ?? "")) throw damaged(entry, "its version is missing or no number");
  if (!isState(state)) throw damaged(entry, "its state is missing or unknown");
  if (state === "synced" && version === "0") throw damaged(entry, "it claims to be synced with no version");
  return {
    name: parseSecretName(entry.name),
    state,
    baseVersion: Number(version),
    binding: bindingOf(entry.meta),
    ...(dotenv === undefined ? {} : { dotenv }),
  };
}

/** Secrets of a collection by name. @throws {AppError} `vault_damaged` */
export function localSecrets(entries: readonly KeychainEntry[]): Map<SecretName, LocalSecret> {
  return new Map(entries.map((entry) => [localSecret(entry).name, localSecret(entry)]));
}

/** What is kept with the item of `secret`; {@linkcode localSecret} reads it back. */
export function metaOf(secret: Omit<LocalSecret, "name">): KeychainMeta {
  return {
    version: String(secret.baseVersion),
    state: secret.state,
    ...(secret.binding.domains === undefined ? {} : { domains: secret.binding.domains.join(",") }),
    ...(secret.binding.methods === undefined ? {} : { methods: secret.binding.methods.join(",") }),
    ...(secret.dotenv === undefined ? {} : { dotenv: secret.dotenv }),
  };
}

/** Whether two bindings restrict alike; order does not matter. */
export function sameBinding(a: SecretBinding, b: SecretBinding): boolean {
  const same = (x?: readonly string[], y?: readonly string[]): boolean =>
    x === undefined || y === undefined ? x === y : x.toSorted().join(",") === y.toSorted().join(",");
  return same(a.domains, b.domains) && same(a.methods, b.methods);
}
