/**
 * `secrets rollback`: an old value as a new version.
 *
 * @module
 */

import type { EnvironmentInput, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface RollbackSecretInput extends EnvironmentInput {
  readonly name: string;
  /** The version whose value and binding return, from 1. */
  readonly to: number;
  /** Overwrite a change made here that was never pushed. */
  readonly force?: boolean;
}

/** The one secret, with its new version. */
export interface RollbackSecretResult extends WriteResult {
  /** The version that was restored. */
  readonly restored: number;
}

/**
 * @throws {AppError} `secret_not_found`, `version_not_found`, `conflict`, `server_unreachable`, the codes of verifying a
 * snapshot, of opening an environment and of the keychain
 */
export function rollbackSecret(
  _ports: SecretsPorts,
  _input: RollbackSecretInput,
  _signal?: AbortSignal,
): Promise<RollbackSecretResult> {
  throw new Error("being built");
}
