/**
 * `secrets import`: what a `.env` text holds, as one write.
 *
 * @module
 */

import type { Secret } from "../../kernel/secret.ts";
import type { EnvironmentInput, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface ImportSecretsInput extends EnvironmentInput {
  /** A path, relative to `folder` or absolute, or the text that was read from stdin. */
  readonly source: { readonly path: string } | { readonly text: Secret };
  readonly force?: boolean;
}

/**
 * `secrets` of the result lists the unchanged ones too.
 *
 * @throws {AppError} `file_unreadable`, `invalid_input` (not UTF-8, no assignment in it), and those of `setSecrets`
 */
export function importSecrets(
  _ports: SecretsPorts,
  _input: ImportSecretsInput,
  _signal?: AbortSignal,
): Promise<WriteResult> {
  throw new Error("being built");
}
