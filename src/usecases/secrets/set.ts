/**
 * `secrets set`: any number of secrets in one commit.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";
import type { BindingInput, EnvironmentInput, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface SetSecretsInput extends EnvironmentInput {
  /** Names as typed, each once; values stay the caller's to dispose of. */
  readonly entries: readonly { readonly name: string; readonly value: Secret }[];
  /** `--domains`, `--methods`: narrows where these secrets may be used. Undefined keeps the binding each has. */
  readonly binding?: BindingInput;
  /** Overwrite what somebody else stored since this machine's copy. */
  readonly force?: boolean;
}

/**
 * Stores the secrets on the server and here. All or none.
 *
 * @throws {AppError} `invalid_name`, `invalid_value`, `value_too_large`, `conflict` (another change of the same name;
 * nothing is stored), the codes of opening an environment and of the keychain
 */
export function setSecrets(_ports: SecretsPorts, _input: SetSecretsInput, _signal?: AbortSignal): Promise<WriteResult> {
  throw new Error("being built");
}
