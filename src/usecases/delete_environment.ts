/** `environment delete`: ends an environment for everyone, and removes its values from this machine's keychain. @module */

import type { EnvironmentId, EnvironmentName } from "../kernel/names.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import type { ListProjectsPorts } from "./list_projects.ts";
import { listValues, refuseToLose, removeValues } from "./local_values.ts";
import { openWorkspace } from "./open_workspace.ts";
import { chosenProject, environmentByName, folderProject } from "./scope.ts";

export interface DeleteEnvironmentInput {
  readonly environment: string;
  readonly project?: string;
  /** Loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface DeleteEnvironmentResult {
  readonly id: EnvironmentId;
  readonly name: EnvironmentName;
  readonly removedValues: number;
}

/** @throws {AppError} `environment_not_found`, `unsynced_changes`, `no_project`, `not_logged_in`, `role_required` */
export async function deleteEnvironment(
  ports: ListProjectsPorts,
  input: DeleteEnvironmentInput,
  signal?: AbortSignal,
): Promise<DeleteEnvironmentResult> {
  const file = await folderProject(ports);
  using workspace = await openWorkspace(ports, {}, signal);
  requireAdmin(workspace, "delete the environment");
  const project = chosenProject(workspace.names, file, input.project);
  const { id } = environmentByName(workspace, project, input.environment);
  const { keychain } = workspace.device;
  const scope = { workspaceId: workspace.id, projectId: project, environmentId: id };
  const values = await listValues(keychain, scope, signal);
  refuseToLose(values, input.force === true);
  await appendToWorkspace(
    ports,
    workspace,
    (batch, current) => {
      environmentByName(current, project, input.environment);
      batch.add("env.delete", { project, env: id });
    },
    undefined,
    signal,
  );
  const removedValues = await removeValues(keychain, values, signal);
  return { id, name: workspace.names.environments.get(id)!, removedValues };
}
