/**
 * `secrets rollback`: an old value as a new version.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import { fetchSide } from "./commit_changes.ts";
import { type OnlineEnvironment, openSecrets } from "./open_secrets.ts";
import type { EnvironmentInput, WriteResult } from "./outcome.ts";
import type { Intent } from "./plan_writes.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { writeSecrets } from "./write_secrets.ts";

export interface RollbackSecretInput extends EnvironmentInput {
  readonly name: string;
  /** The version whose value and binding return, from 1. */
  readonly to: number;
  /** Overwrite a change made here that was never pushed, or one made elsewhere since. */
  readonly force?: boolean;
}

/** The one secret, with its new version. */
export interface RollbackSecretResult extends WriteResult {
  /** The version that was restored. */
  readonly restored: number;
}

/**
 * Restores an older version by committing it anew; nothing is taken out of the history. A deleted secret comes back.
 *
 * @throws {AppError} `secret_not_found`, `version_not_found` (also for a version that is a deletion), `conflict`,
 * `server_unreachable`, the codes of verifying commits, of opening an environment and of the keychain
 */
export async function rollbackSecret(
  ports: SecretsPorts,
  input: RollbackSecretInput,
  signal?: AbortSignal,
): Promise<RollbackSecretResult> {
  const name = parseSecretName(input.name);
  const force = input.force === true;
  using environment = await openSecrets(ports, input, signal);
  const { remote, local } = environment;
  const changes = await remote.changesOf(remote.sidOf(name), signal);
  if (changes.length === 0) throw new AppError("secret_not_found", { name });
  const wanted = changes.find(({ ver, op }) => ver === input.to && op === "set");
  const content = wanted === undefined ? undefined : await remote.contentOf(wanted, signal);
  if (content === undefined) throw new AppError("version_not_found", { name, version: input.to });
  using value = content.value;
  if (local.get(name)?.state === "modified" && !force) throw new AppError("conflict", { names: name });
  const base = await seenVersion(environment, name, signal);
  const intent: Intent = { op: "set", name, value, binding: content.binding ?? {}, base };
  const result = await writeSecrets(ports, environment, [intent], { force, warnings: [], signal });
  return { ...result, restored: input.to };
}

/** The version that this machine has; where it has none, the server's newest: a person saw that one in the history. */
async function seenVersion(
  { remote, local }: OnlineEnvironment,
  name: SecretName,
  signal?: AbortSignal,
): Promise<number> {
  const here = local.get(name);
  if (here !== undefined) return here.baseVersion;
  return (await fetchSide(remote, local, [name], signal)).secrets.get(name)?.version ?? 0;
}
