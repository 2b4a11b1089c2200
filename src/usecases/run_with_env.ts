/**
 * The verb `env`: a program runs with secrets in its environment and nowhere else.
 *
 * @module
 */

import type { SecretName } from "../kernel/names.ts";
import type { WorldWithEngine } from "./engine_ports.ts";

/** What to run, with which secrets. */
export interface RunWithEnvInput {
  readonly program: string;
  readonly args: readonly string[];
  /** Names; undefined means every secret of the environment. */
  readonly only?: readonly string[];
  readonly project?: string;
  readonly environment?: string;
}

/** How it went. */
export interface RunWithEnvResult {
  /** The child's own, or 128 + n. */
  readonly exitCode: number;
  readonly names: readonly SecretName[];
}

/**
 * Writes the audit record (method `ENV`, names and the program's name), then runs the program on this process's streams.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found`, `invalid_value` (NUL, or more than an environment holds),
 * `child_not_started`, `audit_unwritable`, the keychain's codes
 */
export declare function runWithEnv(
  ports: WorldWithEngine,
  input: RunWithEnvInput,
  signal?: AbortSignal,
): Promise<RunWithEnvResult>;
