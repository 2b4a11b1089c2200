/** `project list`: the active workspace's projects, their names opened on this machine. @module */

import type { EnvironmentName, ProjectId, ProjectName, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import { currentEnvironments } from "../ledger/workspace_state.ts";
import { requireConfig } from "../vault/config.ts";
import { type OpenWorkspace, openWorkspace, type WorkspacePorts } from "./open_workspace.ts";
import { chosenWorkspace, folderProject } from "./scope.ts";

export interface ProjectView {
  readonly id: ProjectId;
  readonly name: ProjectName;
  readonly description: string;
  readonly workspace: { readonly id: WorkspaceId; readonly name: WorkspaceName };
  readonly environments: readonly EnvironmentName[];
  /** Whether the working folder belongs to it. */
  readonly active: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type ListProjectsPorts = WorkspacePorts;

/** Sorted by name. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch`, `decryption_failed` */
export async function listProjects(ports: ListProjectsPorts, signal?: AbortSignal): Promise<readonly ProjectView[]> {
  using workspace = await openActiveWorkspace(ports, signal);
  const current = (await folderProject(ports))?.projectId;
  return [...workspace.names.projects.keys()].map((id) => viewProject(workspace, id, current))
    .sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/**
 * The workspace that `project create`, `list` and `use` mean: the active one, whatever folder they run in, so that
 * `workspace switch` then `project use` leads a folder elsewhere. Without an active one, the folder's.
 *
 * @throws {AppError} as {@linkcode openWorkspace}
 */
export async function openActiveWorkspace(ports: ListProjectsPorts, signal?: AbortSignal): Promise<OpenWorkspace> {
  const config = await requireConfig(ports.files, ports.places);
  const workspaceId = config.active.workspaceId ?? chosenWorkspace(config, await folderProject(ports));
  return await openWorkspace(ports, { workspaceId }, signal);
}

/** What a list shows of it. `current` is the working folder's project. */
export function viewProject(workspace: OpenWorkspace, id: ProjectId, current: ProjectId | undefined): ProjectView {
  const { state, names } = workspace;
  const { name, description } = names.projects.get(id)!;
  return {
    id,
    name,
    description,
    workspace: { id: workspace.id, name: workspace.name },
    environments: currentEnvironments(state, id).map((environment) => names.environments.get(environment.id)!),
    active: id === current,
    createdAt: state.projects.get(id)!.created.at,
  };
}
