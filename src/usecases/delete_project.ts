/** `project delete`: ends a project for everyone, and removes its values from this machine's keychain. @module */

import type { ProjectId, ProjectName } from "../kernel/names.ts";
import { updateConfig } from "../vault/config.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { type ListProjectsPorts, openActiveWorkspace } from "./list_projects.ts";
import { listValues, refuseToLose, removeValues } from "./local_values.ts";
import { projectByName } from "./scope.ts";

export interface DeleteProjectInput {
  /** Name or id. */
  readonly project: string;
  /** Loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface DeleteProjectResult {
  readonly id: ProjectId;
  readonly name: ProjectName;
  /** How many stored values were removed from the keychain. */
  readonly removedValues: number;
}

/**
 * A project file that names it stays: it is the person's, and commands in that folder say that the project is gone.
 *
 * @throws {AppError} `project_not_found`, `unsynced_changes`, `not_logged_in`, `role_required`
 */
export async function deleteProject(
  ports: ListProjectsPorts,
  input: DeleteProjectInput,
  signal?: AbortSignal,
): Promise<DeleteProjectResult> {
  using workspace = await openActiveWorkspace(ports, signal);
  requireAdmin(workspace, "delete the project");
  const { names, device, id: workspaceId } = workspace;
  const id = projectByName(names, input.project);
  const { name } = names.projects.get(id)!;
  const values = await listValues(device.keychain, { workspaceId, projectId: id }, signal);
  refuseToLose(values, input.force === true);
  await appendToWorkspace(
    ports,
    workspace,
    (batch, current) => {
      batch.add("project.delete", { project: projectByName(current.names, id) });
    },
    undefined,
    signal,
  );
  const removedValues = await removeValues(device.keychain, values, signal);
  await updateConfig(ports.files, ports.places, (config) => {
    const { [id]: _gone, ...environments } = config.active.environments;
    return { ...config, active: { ...config.active, environments } };
  });
  return { id, name, removedValues };
}
