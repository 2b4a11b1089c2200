/**
 * One environment of a verified workspace, with the keys that were sealed to this person.
 *
 * @module
 */

import { openEnvironmentGrant, unwrapPreviousKey } from "../crypto/grants.ts";
import { AppError } from "../kernel/error.ts";
import type { EnvironmentName, ProjectId, ProjectName } from "../kernel/names.ts";
import { Secret } from "../kernel/secret.ts";
import { currentEnvironments, type EnvironmentRecord, keyEpoch } from "../ledger/workspace_state.ts";
import type { SecretScope } from "../ports/secret_reader.ts";
import { disposeAll, openKeyEpochs } from "./key_epochs.ts";
import type { OpenWorkspace } from "./open_workspace.ts";
import { activeEnvironment, chosenProject, environmentByName, folderProject } from "./scope.ts";
import type { ScopePorts, Selection } from "./scope.ts";

/** Which environment is meant. */
export interface EnvironmentPlace extends SecretScope {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  /** Whether the log protects it (production). */
  readonly protected: boolean;
  /** Epoch of its key that new secrets are written under. */
  readonly epoch: number;
  /** The project's folder, when it was found through a project file. */
  readonly folder?: string;
}

/**
 * The environment that a selection means, from the verified log: what it names, else the person's own choice for the project, else
 * the project file's default.
 *
 * @throws {AppError} `no_project`, `project_not_found`, `environment_not_found`
 */
export async function findEnvironment(
  ports: ScopePorts,
  workspace: OpenWorkspace,
  selection: Selection,
  signal?: AbortSignal,
): Promise<EnvironmentPlace> {
  signal?.throwIfAborted();
  const file = await folderProject(ports, selection);
  const { names, device } = workspace;
  const projectId = chosenProject(names, file, selection.project);
  const wanted = selection.environment ?? activeEnvironment(device.config, projectId, file);
  const record = environmentByName(workspace, projectId, wanted);
  return {
    workspaceId: workspace.id,
    projectId,
    environmentId: record.id,
    project: names.projects.get(projectId)!.name,
    environment: names.environments.get(record.id)!,
    protected: record.protected,
    epoch: keyEpoch(record)?.epoch ?? 0,
    ...(file?.projectId === projectId ? { folder: file.folder } : {}),
  };
}

/** Keys of one environment. Disposing wipes them. */
export interface EnvironmentKeys extends Disposable {
  /** K_name of the project: makes sids. */
  readonly nameKey: Secret;
  /** K_env by epoch, each checked against the log's commitment. */
  readonly environmentKeys: ReadonlyMap<number, Secret>;
}

/**
 * The environment's keys from what was sealed to this person. No request: the grants came with the workspace.
 *
 * @throws {AppError} `decryption_failed` (also for a key that the log did not commit to), `role_required` (nothing was sealed),
 *   `internal` (no {@linkcode EnvironmentPlace} of this workspace)
 */
export function openEnvironmentKeys(workspace: OpenWorkspace, place: SecretScope): EnvironmentKeys {
  const record = workspace.state.environments.get(place.environmentId);
  if (record === undefined) throw new AppError("internal");
  return openKeys(workspace, record);
}

/** K_name of a project, from any of its environments. The caller disposes of it. @throws {AppError} as {@linkcode openEnvironmentKeys} */
export function openNameKey(workspace: OpenWorkspace, project: ProjectId): Secret {
  const readable = currentEnvironments(workspace.state, project)
    .find((record) => keyEpoch(record)?.recipients.has(workspace.device.userId));
  if (readable === undefined) throw new AppError("role_required", { action: "open the project's key", role: "member" });
  using keys = openKeys(workspace, readable);
  return keys.nameKey.clone();
}

function openKeys(workspace: OpenWorkspace, record: EnvironmentRecord): EnvironmentKeys {
  const { device, state, sealed } = workspace;
  const { nameKeyCommit } = state.projects.get(record.projectId)!;
  const at = (epoch: number) => ({ ws: state.id, project: record.projectId, env: record.id, epoch });
  let nameKey: Secret | undefined;
  const environmentKeys = openKeyEpochs("an environment's key", record.epochs, device.userId, sealed, {
    fromGrant: ({ epoch, keyCommit }, grant) => {
      const opened = openEnvironmentGrant(at(epoch), { keyCommit, nameKeyCommit }, grant, device.receivingKey);
      nameKey = opened.name;
      return opened.environment;
    },
    fromWrap: ({ epoch }, key, wrap, previous) => unwrapPreviousKey(at(epoch), key, wrap, previous.keyCommit),
  });
  return {
    nameKey: nameKey!,
    environmentKeys,
    [Symbol.dispose]: () => {
      nameKey?.dispose();
      disposeAll(environmentKeys);
    },
  };
}
