/** `project use`: the working folder belongs to this project from now on. @module */

import { type EnvironmentName, parseEnvironmentName } from "../kernel/names.ts";
import { writeProjectFile } from "../vault/project_file.ts";
import { type ListProjectsPorts, openActiveWorkspace, type ProjectView, viewProject } from "./list_projects.ts";
import { environmentByName, folderProject, projectByName } from "./scope.ts";

export interface UseProjectInput {
  /** Name or id. */
  readonly project: string;
  /** The folder's default environment; default `development`, or the project's first. */
  readonly environment?: EnvironmentName;
}

export interface UseProjectResult {
  readonly project: ProjectView;
  readonly path: string;
}

/** @throws {AppError} `project_not_found`, `environment_not_found`, `not_logged_in`, `file_unwritable` */
export async function useProject(
  ports: ListProjectsPorts,
  input: UseProjectInput,
  signal?: AbortSignal,
): Promise<UseProjectResult> {
  using workspace = await openActiveWorkspace(ports, signal);
  const id = projectByName(workspace.names, input.project);
  const project = viewProject(workspace, id, id);
  if (input.environment !== undefined) environmentByName(workspace, id, input.environment);
  // The folder's own default of `env` stays, as long as it is the same project's.
  const before = await folderProject(ports);
  const envOnly = before?.folder === ports.workingFolder && before.projectId === id ? before.envOnly : undefined;
  const path = await writeProjectFile(ports.files, ports.workingFolder, {
    workspaceId: workspace.id,
    workspace: workspace.name,
    projectId: id,
    project: project.name,
    environment: input.environment ?? defaultEnvironment(project),
    ...(envOnly === undefined ? {} : { envOnly }),
  });
  return { project, path };
}

function defaultEnvironment({ environments }: ProjectView): EnvironmentName {
  const usual = parseEnvironmentName("development");
  return environments.includes(usual) ? usual : environments[0] ?? usual;
}
