/**
 * `secrets list`: what this machine can use, without values and without asking the server.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import type { EnvironmentInput, EnvironmentPlace, LocalState } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export type ListSecretsInput = EnvironmentInput;

export interface ListedSecret {
  readonly name: SecretName;
  /** `deleted` ones are not listed. */
  readonly state: Exclude<LocalState, "deleted">;
  /** Version the local copy is based on; undefined when it was never on the server. */
  readonly version?: number;
  readonly binding: SecretBinding;
}

export interface ListSecretsResult {
  readonly place: EnvironmentPlace;
  /** Sorted by name. Empty when nothing was set or pulled on this machine. */
  readonly secrets: readonly ListedSecret[];
}

/** @throws {AppError} the codes of finding an environment and of the keychain */
export function listSecrets(
  _ports: SecretsPorts,
  _input: ListSecretsInput,
  _signal?: AbortSignal,
): Promise<ListSecretsResult> {
  throw new Error("being built");
}
