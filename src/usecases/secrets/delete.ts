/**
 * `secrets delete`: a tombstone on the server, then gone here.
 *
 * @module
 */

import type { EnvironmentInput, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface DeleteSecretsInput extends EnvironmentInput {
  /** Names as typed. */
  readonly names: readonly string[];
  /** Delete even what somebody else changed since this machine's copy. */
  readonly force?: boolean;
}

/**
 * Deletes the secrets on the server and here. All or none. History stays readable on the server.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found`, `conflict`, the codes of opening an environment and of the keychain
 */
export function deleteSecrets(
  _ports: SecretsPorts,
  _input: DeleteSecretsInput,
  _signal?: AbortSignal,
): Promise<WriteResult> {
  throw new Error("being built");
}
