/**
 * `secrets copy`: secrets of one environment into another of the same project.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { EnvironmentInput, EnvironmentPlace, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface CopySecretsInput extends Omit<EnvironmentInput, "environment"> {
  readonly from: string;
  readonly to: string;
  /** Only these; all when undefined. */
  readonly names?: readonly string[];
  /** Overwrite what the target holds with another value. */
  readonly force?: boolean;
}

/** `place` is the target. */
export interface CopySecretsResult extends WriteResult {
  readonly from: EnvironmentPlace;
  /** In the target already with another value or binding, left alone without `force`. */
  readonly skipped: readonly SecretName[];
}

/**
 * @throws {AppError} `secret_not_found`, `secrets_not_found`, `environment_not_found`, `conflict`, `usage` when both are the
 * same, the codes of opening an environment and of the keychain
 */
export function copySecrets(
  _ports: SecretsPorts,
  _input: CopySecretsInput,
  _signal?: AbortSignal,
): Promise<CopySecretsResult> {
  throw new Error("being built");
}
