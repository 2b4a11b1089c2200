/**
 * `secrets list`: what this machine can use, without values and, once it knows the environment, without asking the server.
 *
 * @module
 */

import type { SecretName } from "../../kernel/names.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import type { LocalSecret } from "../../vault/local_state.ts";
import { openKnown } from "./open_known.ts";
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

/** @throws {AppError} the codes of opening an environment and of the keychain */
export async function listSecrets(
  ports: SecretsPorts,
  input: ListSecretsInput,
  signal?: AbortSignal,
): Promise<ListSecretsResult> {
  const known = await openKnown(ports, input, signal);
  if (known !== undefined) return { place: known.place, secrets: listed(known.local) };
  const { openSecrets } = await import("./open_secrets.ts");
  using opened = await openSecrets(ports, input, signal);
  return { place: opened.place, secrets: listed(opened.local) };
}

function listed(local: ReadonlyMap<SecretName, LocalSecret>): ListedSecret[] {
  return [...local.values()].flatMap(({ name, state, baseVersion, binding }) =>
    state === "deleted" ? [] : [{ name, state, binding, ...(baseVersion === 0 ? {} : { version: baseVersion }) }]
  ).sort((a, b) => (a.name < b.name ? -1 : 1));
}
