/**
 * `secrets delete`: a tombstone on the server, then gone here.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { refuseMissing } from "../../kernel/missing_secrets.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import { fetchSide } from "./commit_changes.ts";
import { type OfflineEnvironment, type OnlineEnvironment, openSecretsAnyway } from "./open_secrets.ts";
import type { EnvironmentInput, WriteResult } from "./outcome.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { writeSecrets } from "./write_secrets.ts";

export interface DeleteSecretsInput extends EnvironmentInput {
  /** Names as typed. */
  readonly names: readonly string[];
  /** Delete even what somebody else changed since this machine's copy. */
  readonly force?: boolean;
}

/**
 * Deletes the secrets on the server and here. All or none. History stays readable on the server. Without the server the deletion
 * is kept here until a push.
 *
 * @throws {AppError} `usage`, `invalid_name`, `secret_not_found`, `secrets_not_found`, `conflict`, the codes of opening an
 * environment and of the keychain
 */
export async function deleteSecrets(
  ports: SecretsPorts,
  input: DeleteSecretsInput,
  signal?: AbortSignal,
): Promise<WriteResult> {
  const names = [...new Set(input.names.map(parseSecretName))];
  if (names.length === 0) throw new AppError("usage", { problem: "Name at least one secret" });
  using environment = await openSecretsAnyway(ports, input, signal);
  await refuseUnknown(environment, names, signal);
  const intents = names.map((name) => ({
    op: "delete" as const,
    name,
    base: environment.local.get(name)?.baseVersion ?? 0,
  }));
  return await writeSecrets(ports, environment, intents, { force: input.force === true, warnings: [], signal });
}

/** A name must be on one side at least. The server is asked only about names that are not here. */
async function refuseUnknown(
  environment: OnlineEnvironment | OfflineEnvironment,
  names: readonly SecretName[],
  signal?: AbortSignal,
): Promise<void> {
  const { local, remote } = environment;
  const notHere = names.filter((name) => (local.get(name)?.state ?? "deleted") === "deleted");
  if (notHere.length === 0) return;
  if (remote === undefined) return refuseMissing(notHere);
  const { secrets } = await fetchSide(remote, local, notHere, signal);
  refuseMissing(notHere.filter((name) => secrets.get(name)?.deleted ?? true));
}
