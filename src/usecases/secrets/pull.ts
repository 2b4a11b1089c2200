/**
 * `secrets pull`: the server's secrets into the keychain and, in storage mode 2, into `.env`.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, SecretConflict, SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface PullSecretsInput extends EnvironmentInput {
  /** Take the server's side of everything: local changes are lost. */
  readonly force?: boolean;
}

export interface PullSecretsResult {
  readonly place: EnvironmentPlace;
  /** What changed here; `unchanged` ones are counted, not listed. */
  readonly pulled: readonly ChangedSecret[];
  readonly unchanged: number;
  /** Changed here only: kept until `secrets push`. */
  readonly kept: readonly SecretName[];
  /** Changed on both sides: left as they are here. A command that gets any exits with the number of `pull_conflict`. */
  readonly conflicts: readonly SecretConflict[];
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/**
 * @throws {AppError} `server_unreachable`, `snapshot_invalid`, `pin_mismatch`, `signature_invalid`, `log_invalid`,
 * `decryption_failed`, the codes of opening an environment and of the keychain
 */
export function pullSecrets(
  _ports: SecretsPorts,
  _input: PullSecretsInput,
  _signal?: AbortSignal,
): Promise<PullSecretsResult> {
  throw new Error("being built");
}
