/** `project update`: a new name or description. Signed by the device: no password. @module */

import type { ListProjectsPorts, ProjectView } from "./list_projects.ts";

export interface UpdateProjectInput {
  /** Name or id. */
  readonly project: string;
  readonly name?: string;
  readonly description?: string;
}

/** @throws {AppError} `project_not_found`, `invalid_name`, `name_taken`, `not_logged_in`, `role_required` */
export declare function updateProject(
  ports: ListProjectsPorts,
  input: UpdateProjectInput,
  signal?: AbortSignal,
): Promise<ProjectView>;
