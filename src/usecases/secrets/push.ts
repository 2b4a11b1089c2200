/**
 * `secrets push`: local changes, and what a `.env` file holds, to the server.
 *
 * @module
 */

import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, SecretConflict, SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface PushSecretsInput extends EnvironmentInput {
  /** Overwrite what changed on the server too; a `.env` file's values win over the keychain's. */
  readonly force?: boolean;
  /** False leaves a `.env` file alone and pushes local changes only. Default true. */
  readonly dotenv?: boolean;
}

export interface PushSecretsResult {
  readonly place: EnvironmentPlace;
  /** What went to the server; `unchanged` ones are counted, not listed. */
  readonly pushed: readonly ChangedSecret[];
  readonly unchanged: number;
  /** Left as they are on both sides. A command that gets any exits with the number of `conflict`. */
  readonly conflicts: readonly SecretConflict[];
  /** The `.env` file that was read, if one was there. */
  readonly source?: string;
  readonly files: readonly string[];
  readonly warnings: readonly SecretsWarning[];
}

/** @throws {AppError} `server_unreachable`, `invalid_input`, the codes of opening an environment and of the keychain */
export function pushSecrets(
  _ports: SecretsPorts,
  _input: PushSecretsInput,
  _signal?: AbortSignal,
): Promise<PushSecretsResult> {
  throw new Error("being built");
}
