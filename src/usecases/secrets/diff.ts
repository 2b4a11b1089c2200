/**
 * `secrets diff`: this machine against the server, by name and version.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { EnvironmentInput, EnvironmentPlace, SecretsWarning } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export type DiffSecretsInput = EnvironmentInput;

export interface SecretDifference {
  readonly name: SecretName;
  readonly status: "local_only" | "remote_only" | "out_of_sync";
  /** Which side changed since this machine's copy; `both` is a conflict. */
  readonly newer: "local" | "remote" | "both";
  /** Version the local copy is based on; undefined when it was never on the server or is not here. */
  readonly localVersion?: number;
  readonly remoteVersion?: number;
  /** What the newer side did, where it is not simply another value. */
  readonly deleted?: "here" | "there";
  /** Present when the difference lies in a `.env` file that was not pushed: its path. */
  readonly file?: string;
  /** When the server's version was written, milliseconds since the Unix epoch. */
  readonly remoteAtMs?: number;
}

export interface DiffSecretsResult {
  readonly place: EnvironmentPlace;
  /** Sorted by status (local_only, remote_only, out_of_sync), then name. Empty when nothing differs. */
  readonly differences: readonly SecretDifference[];
  /** How many secrets are the same on both sides. */
  readonly synced: number;
  /** False when the server was unreachable: then only changes made here are known. */
  readonly complete: boolean;
  readonly warnings: readonly SecretsWarning[];
}

/** @throws {AppError} the codes of verifying a snapshot, of opening an environment and of the keychain */
export function diffSecrets(
  _ports: SecretsPorts,
  _input: DiffSecretsInput,
  _signal?: AbortSignal,
): Promise<DiffSecretsResult> {
  throw new Error("being built");
}
