/**
 * Making environments: K_env of the first epoch, sealed with the project's K_name to exactly those whom the log authorises.
 *
 * @module
 */

import { generateKey, keyCommit, sealEnvironmentGrant } from "../crypto/grants.ts";
import { type Names, sealNames } from "../crypto/sealed_names.ts";
import { type Bytes } from "../kernel/bytes.ts";
import { fromBase64Url, toBase32 } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import { type EnvironmentId, type EnvironmentName, type ProjectId, type UserId } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Random } from "../ports/random.ts";
import { receivingKey } from "../ledger/account_state.ts";
import { currentMembers } from "../ledger/workspace_state.ts";
import type { WorkspaceBatch } from "./append_workspace.ts";
import type { OpenWorkspace } from "./open_workspace.ts";
import { newestKey } from "./workspace_names.ts";

/** Environments that get the stricter defaults: shorter offline grace, confirmed invites. */
const PROTECTED: ReadonlySet<string> = new Set(["production", "prod", "live"]);

/** Seals names under the workspace's newest key. */
export function sealNamesFor(
  { id: ws, keys }: OpenWorkspace,
  id: ProjectId | EnvironmentId,
  names: Names,
  random: Random,
): string {
  const { epoch, key } = newestKey(keys);
  return sealNames(key, { ws, id, epoch }, names, random);
}

/** Adds `env.create` and its first `env.rotate` to the batch. */
export function addEnvironment(
  batch: WorkspaceBatch,
  workspace: OpenWorkspace,
  project: ProjectId,
  name: EnvironmentName,
  nameKey: Secret,
  random: Random,
): EnvironmentId {
  const ws = workspace.id, epoch = 1;
  const env = `e_${toBase32(random(10))}` as EnvironmentId;
  const place = { ws, project, env, epoch };
  const names = sealNamesFor(workspace, env, { name }, random);
  batch.add("env.create", { project, env, names, protected: PROTECTED.has(name) });
  using environment = generateKey(random);
  batch.add("env.rotate", {
    project,
    env,
    epoch,
    key_commit: keyCommit(place, environment),
    prev_wrap_hash: null,
    recipients: governors(workspace).map(({ id, receiving }) =>
      batch.seal(id, sealEnvironmentGrant(place, { environment, name: nameKey }, receiving, random))
    ),
  });
  return env;
}

/** Owners and admins, who read every environment by their role, in the log's order of recipients. */
function governors({ state, accounts }: OpenWorkspace): { readonly id: UserId; readonly receiving: Bytes }[] {
  return currentMembers(state).filter(({ role }) => role !== "member").map(({ userId }) => userId).sort().map((id) => {
    const account = accounts.get(id);
    if (account === undefined) throw new AppError("internal");
    return { id, receiving: fromBase64Url(receivingKey(account))! };
  });
}
