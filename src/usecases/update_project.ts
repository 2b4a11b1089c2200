/** `project update`: a new name or description. Signed by the device: no password. @module */

import { parseProjectName } from "../kernel/names.ts";
import { writeProjectFile } from "../vault/project_file.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { refuseTaken } from "./create_project.ts";
import { type ListProjectsPorts, openActiveWorkspace, type ProjectView, viewProject } from "./list_projects.ts";
import { sealNamesFor } from "./project_keys.ts";
import { folderProject, projectByName } from "./scope.ts";
import { parseDescription } from "./workspace_names.ts";

export interface UpdateProjectInput {
  /** Name or id. */
  readonly project: string;
  readonly name?: string;
  readonly description?: string;
}

/** @throws {AppError} `project_not_found`, `invalid_name`, `name_taken`, `not_logged_in`, `role_required` */
export async function updateProject(
  ports: ListProjectsPorts,
  input: UpdateProjectInput,
  signal?: AbortSignal,
): Promise<ProjectView> {
  const newName = input.name === undefined ? undefined : parseProjectName(input.name);
  const newDescription = input.description === undefined ? undefined : parseDescription(input.description);
  using workspace = await openActiveWorkspace(ports, signal);
  requireAdmin(workspace, "update the project");
  const project = projectByName(workspace.names, input.project);
  using after = await appendToWorkspace(
    ports,
    workspace,
    (batch, current) => {
      const before = current.names.projects.get(projectByName(current.names, project))!;
      const name = newName ?? before.name, description = newDescription ?? before.description;
      refuseTaken(current, name, project);
      batch.add("project.update", {
        project,
        names: sealNamesFor(current, project, { name, description }, ports.random),
      });
    },
    undefined,
    signal,
  );
  const file = await folderProject(ports);
  if (file?.projectId === project) {
    const { folder, path: _path, ...content } = file;
    await writeProjectFile(ports.files, folder, { ...content, project: after.names.projects.get(project)!.name });
  }
  return viewProject(after, project, file?.projectId);
}
