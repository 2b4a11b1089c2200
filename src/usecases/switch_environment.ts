/** `environment switch`: this person's environment for a project, kept in config.json, not in the project's folder. @module */

import { updateConfig } from "../vault/config.ts";
import { type EnvironmentView, viewEnvironment } from "./list_environments.ts";
import type { ListProjectsPorts } from "./list_projects.ts";
import { openWorkspace } from "./open_workspace.ts";
import { chosenProject, environmentByName, folderProject } from "./scope.ts";

export interface SwitchEnvironmentInput {
  readonly environment: string;
  readonly project?: string;
}

/** @throws {AppError} `no_project`, `environment_not_found`, `not_logged_in` */
export async function switchEnvironment(
  ports: ListProjectsPorts,
  input: SwitchEnvironmentInput,
  signal?: AbortSignal,
): Promise<EnvironmentView> {
  const file = await folderProject(ports);
  using workspace = await openWorkspace(ports, {}, signal);
  const project = chosenProject(workspace.names, file, input.project);
  const { id } = environmentByName(workspace, project, input.environment);
  const name = workspace.names.environments.get(id)!;
  await updateConfig(ports.files, ports.places, (config) => ({
    ...config,
    active: { ...config.active, environments: { ...config.active.environments, [project]: name } },
  }));
  return viewEnvironment(workspace, project, id, name);
}
