/**
 * `secrets copy`: secrets of one environment into another of the same project.
 *
 * @module
 */

import type { SecretContent } from "../../crypto/secret_envelope.ts";
import { AppError } from "../../kernel/error.ts";
import { refuseMissing } from "../../kernel/missing_secrets.ts";
import { parseSecretName, type SecretName } from "../../kernel/names.ts";
import { sameBinding } from "../../vault/local_state.ts";
import { openWorkspace } from "../open_workspace.ts";
import { fetchSide, type RemoteSide } from "./commit_changes.ts";
import { type OnlineEnvironment, openIn } from "./open_secrets.ts";
import type { ChangedSecret, EnvironmentInput, EnvironmentPlace, WriteResult } from "./outcome.ts";
import { bindingIfSame, type Intent } from "./plan_writes.ts";
import type { SecretsPorts } from "./secrets_ports.ts";
import { writeSecrets } from "./write_secrets.ts";

export interface CopySecretsInput extends Omit<EnvironmentInput, "environment"> {
  readonly from: string;
  readonly to: string;
  /** Only these; all when undefined. */
  readonly names?: readonly string[];
  /** Overwrite what the target holds with another value. */
  readonly force?: boolean;
}

/** `place` is the target. */
export interface CopySecretsResult extends WriteResult {
  readonly from: EnvironmentPlace;
  /** In the target already with another value or binding, left alone without `force`. */
  readonly skipped: readonly SecretName[];
}

/**
 * Copies values and bindings as the server has them; changes that were never pushed are not copied.
 *
 * @throws {AppError} `secret_not_found`, `secrets_not_found`, `environment_not_found`, `conflict`, `server_unreachable`, `usage`
 * when both are the same, the codes of opening an environment and of the keychain
 */
export async function copySecrets(
  ports: SecretsPorts,
  input: CopySecretsInput,
  signal?: AbortSignal,
): Promise<CopySecretsResult> {
  if (input.from === input.to) throw new AppError("usage", { problem: "Name two environments" });
  const only = input.names?.map(parseSecretName);
  using workspace = await openWorkspace(ports, { folder: input.folder }, signal);
  const open = (environment: string): Promise<OnlineEnvironment> =>
    openIn(ports, workspace, { ...input, environment }, () => {}, signal);
  using source = await open(input.from);
  using target = await open(input.to);
  const there = await fetchSide(source.remote, source.local, only ?? [], signal);
  const contents = chosen(there, only);
  try {
    const side = await fetchSide(target.remote, target.local, contents.keys(), signal);
    const { intents, unchanged, skipped } = sort(contents, target, side, input.force === true);
    const result = await writeSecrets(ports, target, intents, { force: input.force === true, warnings: [], signal });
    await source.remote.advancePin(signal);
    return { ...result, secrets: [...result.secrets, ...unchanged], from: source.place, skipped };
  } finally {
    for (const { value } of contents.values()) value.dispose();
  }
}

function chosen(
  { snapshot, secrets }: RemoteSide,
  only: readonly SecretName[] | undefined,
): Map<SecretName, SecretContent> {
  const live = [...secrets.values()].filter(({ deleted }) => !deleted);
  if (only !== undefined) refuseMissing(only.filter((name) => !live.some((secret) => secret.name === name)));
  const wanted = only === undefined ? live : live.filter(({ name }) => only.includes(name));
  return new Map(wanted.map(({ name, sid }) => [name, snapshot.open(sid)]));
}

interface Sorted {
  readonly intents: readonly Intent[];
  readonly unchanged: readonly ChangedSecret[];
  readonly skipped: readonly SecretName[];
}

function sort(
  contents: ReadonlyMap<SecretName, SecretContent>,
  { local }: OnlineEnvironment,
  { snapshot, secrets }: RemoteSide,
  force: boolean,
): Sorted {
  const intents: Intent[] = [], unchanged: ChangedSecret[] = [], skipped: SecretName[] = [];
  for (const [name, { value, binding = {} }] of contents) {
    const there = secrets.get(name), here = local.get(name);
    const present = bindingIfSame(snapshot, there, value);
    const synced = here === undefined || here.state === "synced";
    if (present !== undefined && sameBinding(present, binding) && synced) {
      unchanged.push({ name, change: "unchanged", version: there!.version });
    } else if (!force && (!synced || (there !== undefined && !there.deleted))) skipped.push(name);
    else intents.push({ op: "set", name, value, binding, base: there?.version ?? 0 });
  }
  return { intents, unchanged, skipped };
}
