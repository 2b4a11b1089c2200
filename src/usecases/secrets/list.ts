/**
 * `secrets list`: what this machine can use, without values and, once it knows the environment, without asking the server.
 *
 * @module
 */

import { AppError, isAppError } from "../../kernel/error.ts";
import type { SecretName } from "../../kernel/names.ts";
import type { SecretBinding } from "../../ports/secret_reader.ts";
import type { LocalSecret } from "../../vault/local_state.ts";
import { isSealed, readConfig } from "../../vault/config.ts";
import { openKnown } from "./open_known.ts";
import type { EnvironmentInput, EnvironmentPlace, LocalState } from "./outcome.ts";
import type { Ports } from "../ports.ts";
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

/**
 * In sealed mode the broker is asked where one is open, so that nobody has to type a password to see names.
 *
 * @throws {AppError} the codes of opening an environment and of the keychain
 */
export async function listSecrets(
  ports: SecretsPorts & Pick<Ports, "broker">,
  input: ListSecretsInput,
  signal?: AbortSignal,
): Promise<ListSecretsResult> {
  const config = await readConfig(ports.files, ports.places);
  if (config === undefined || !isSealed(config)) return await listOwnSecrets(ports, input, signal);
  const { brokerStatus, namesFromBroker } = await import("../broker/client.ts");
  const broker = await brokerStatus(ports.broker);
  if (broker?.state === "unlocked") return await namesFromBroker(ports.broker, input);
  try {
    return await listOwnSecrets(ports, input, signal);
  } catch (error) {
    // Without a person there is no password: what helps is a broker.
    if (!isAppError(error, "password_required")) throw error;
    throw new AppError(broker === undefined ? "broker_needed" : "vault_sealed", undefined, { cause: error });
  }
}

/** From the keychain that this process opens itself. @throws {AppError} as {@linkcode listSecrets} */
export async function listOwnSecrets(
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
