/**
 * Turns names into values: only for a {@linkcode Grant}, and only the names that it holds.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { SecretReader } from "../ports/secret_reader.ts";
import { Grant } from "./decide.ts";

/**
 * The values of the grant's secrets; the caller disposes of them. Read anew each time: a change by another process holds for
 * the next call.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found` (all that are missing), the keychain's codes
 */
export async function resolve(
  grant: Grant,
  reader: SecretReader,
  signal?: AbortSignal,
): Promise<ReadonlyMap<SecretName, Secret>> {
  if (!Grant.is(grant)) throw new TypeError("That is not a grant");
  if (grant.secrets.length === 0) return new Map();
  return await reader.read(grant.scope, grant.secrets, signal);
}
