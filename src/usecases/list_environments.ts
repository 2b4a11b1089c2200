/** `environment list`: a project's environments. @module */

import type { EnvironmentId, EnvironmentName, ProjectId, ProjectName } from "../kernel/names.ts";
import { currentEnvironments, keyEpoch } from "../ledger/workspace_state.ts";
import type { ListProjectsPorts } from "./list_projects.ts";
import { type OpenWorkspace, openWorkspace } from "./open_workspace.ts";
import { activeEnvironment, chosenProject, folderProject } from "./scope.ts";

export interface EnvironmentView {
  readonly id: EnvironmentId;
  readonly name: EnvironmentName;
  readonly project: ProjectName;
  readonly active: boolean;
  /** Whether stricter defaults hold, as for production. */
  readonly protected: boolean;
  /** Epoch of its key: 1, 2, … */
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface ListEnvironmentsInput {
  /** `--project NAME`; default: the folder's. */
  readonly project?: string;
}

/** In the order they were made. @throws {AppError} `no_project`, `project_not_found`, `not_logged_in`, `log_invalid` */
export async function listEnvironments(
  ports: ListProjectsPorts,
  input: ListEnvironmentsInput,
  signal?: AbortSignal,
): Promise<readonly EnvironmentView[]> {
  const file = await folderProject(ports);
  using workspace = await openWorkspace(ports, {}, signal);
  const project = chosenProject(workspace.names, file, input.project);
  const active = activeEnvironment(workspace.device.config, project, file);
  return currentEnvironments(workspace.state, project).map(({ id }) => viewEnvironment(workspace, project, id, active));
}

/** What a list shows of it. `active` is the name of the person's environment in that project. */
export function viewEnvironment(
  { state, names }: OpenWorkspace,
  project: ProjectId,
  id: EnvironmentId,
  active: EnvironmentName,
): EnvironmentView {
  const record = state.environments.get(id)!;
  const name = names.environments.get(id)!;
  return {
    id,
    name,
    project: names.projects.get(project)!.name,
    active: name === active,
    protected: record.protected,
    epoch: keyEpoch(record)?.epoch ?? 0,
    createdAt: record.created.at,
  };
}
