/**
 * `secrets get`: one value, for a person only.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { refuseMissing } from "../../kernel/missing_secrets.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { Terminal } from "../../ports/terminal.ts";
import { localSecret } from "../../vault/local_state.ts";
import { openWorkspace } from "../open_workspace.ts";
import type { AskPassword } from "../ports.ts";
import { unlockAccount } from "../unlock_account.ts";
import { openIn } from "./open_secrets.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

export interface GetSecretInput extends EnvironmentInput {
  readonly name: string;
  /** Where the person is, if there is one. */
  readonly terminal: Pick<Terminal, "isTerminal" | "canAsk">;
  /** Asks the person at the terminal; called after the terminal check and only when the secret exists. */
  readonly askPassword: AskPassword;
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
 * The value of one secret of this machine. A terminal alone is no proof of a person, since a program can make one: the password
 * must open the account's keys.
 *
 * @throws {AppError} `person_required` without a terminal at both ends, `secret_not_found`, `login_refused` for a wrong
 * password, the codes of opening an environment and of the keychain
 */
export async function getSecret(
  ports: SecretsPorts,
  input: GetSecretInput,
  signal?: AbortSignal,
): Promise<GetSecretResult> {
  const { terminal } = input;
  if (!terminal.isTerminal("stdin") || !terminal.isTerminal("stdout") || !terminal.canAsk) {
    throw new AppError("person_required", { action: "show a value" });
  }
  const name = parseSecretName(input.name);
  using workspace = await openWorkspace(ports, { folder: input.folder }, signal);
  using environment = await openIn(ports, workspace, input, () => {}, signal);
  const { keychain, collection, local, place } = environment;
  if ((local.get(name)?.state ?? "deleted") === "deleted") refuseMissing([name]);
  const { device, client, account } = workspace;
  await unlockAccount(device, client, account, input.askPassword, async () => {}, signal);
  const item = await keychain.get({ collection, name }, signal);
  if (item === undefined || localSecret(item).state === "deleted") {
    item?.value.dispose();
    throw new AppError("secret_not_found", { name });
  }
  const { baseVersion } = localSecret(item);
  return { place, name, value: item.value, ...(baseVersion === 0 ? {} : { version: baseVersion }) };
}
