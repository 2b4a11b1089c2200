/**
 * `secrets set`: any number of secrets in one commit.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { parseBinding } from "./binding_input.ts";
import { openSecretsAnyway } from "./open_secrets.ts";
import type { BindingInput, EnvironmentInput, WriteResult } from "./outcome.ts";
import type { Intent } from "./plan_writes.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { valueWarnings, writeSecrets } from "./write_secrets.ts";

export interface SetSecretsInput extends EnvironmentInput {
  /** Names as typed, each once; values stay the caller's to dispose of. */
  readonly entries: readonly { readonly name: string; readonly value: Secret }[];
  /** `--domains`, `--methods`: narrows where these secrets may be used. Undefined keeps the binding each has. */
  readonly binding?: BindingInput;
  /** Overwrite what somebody else stored since this machine's copy. */
  readonly force?: boolean;
}

/**
 * Stores the secrets on the server and here. All or none. Without the server they are kept here until a push.
 *
 * @throws {AppError} `usage` (nothing, or a name twice), `invalid_name`, `invalid_value`, `value_too_large`,
 * `invalid_allowlist_entry`, `conflict` (another change of the same name; nothing is stored), `committed_not_kept`, the codes of
 * opening an environment and of the keychain
 */
export async function setSecrets(
  ports: SecretsPorts,
  input: SetSecretsInput,
  signal?: AbortSignal,
): Promise<WriteResult> {
  const entries = parseEntries(input.entries);
  const warnings = entries.flatMap(({ name, value }) => valueWarnings(name, value));
  const binding = input.binding === undefined ? undefined : await parseBinding(input.binding);
  using environment = await openSecretsAnyway(ports, input, signal);
  const intents = entries.map(({ name, value }): Intent => {
    return { op: "set", name, value, binding, base: environment.local.get(name)?.baseVersion ?? 0 };
  });
  return await writeSecrets(ports, environment, intents, { force: input.force === true, warnings, signal });
}

function parseEntries(
  entries: SetSecretsInput["entries"],
): readonly { readonly name: SecretName; readonly value: Secret }[] {
  if (entries.length === 0) throw new AppError("usage", { problem: "Name at least one secret" });
  const parsed = entries.map(({ name, value }) => ({ name: parseSecretName(name), value }));
  const seen = new Set<SecretName>();
  for (const { name } of parsed) {
    if (seen.has(name)) throw new AppError("usage", { problem: `'${name}' is given twice` });
    seen.add(name);
  }
  return parsed;
}
