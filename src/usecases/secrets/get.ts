/**
 * `secrets get`: one value, for a person only.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface GetSecretInput extends EnvironmentInput {
  readonly name: string;
  /** Asks the person at the terminal; called after the terminal check and only when the secret exists. */
  readonly askPassword: () => Promise<Secret>;
}

export interface GetSecretResult {
  readonly place: EnvironmentPlace;
  readonly name: SecretName;
  /** Version the local copy is based on; undefined when it was never on the server. */
  readonly version?: number;
  /** For the terminal or the clipboard, nowhere else. The caller disposes of it. */
  readonly value: Secret;
}

/**
 * @throws {AppError} `person_required` without a terminal at both ends, `secret_not_found`, `login_refused` for a wrong
 * password, the codes of the keychain
 */
export function getSecret(
  _ports: SecretsPorts,
  _input: GetSecretInput,
  _signal?: AbortSignal,
): Promise<GetSecretResult> {
  throw new Error("being built");
}
