/** `project delete`: ends a project for everyone, and removes its values from this machine's keychain. @module */

import type { ProjectId, ProjectName } from "../kernel/names.ts";
import type { ListProjectsPorts } from "./list_projects.ts";

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

/** @throws {AppError} `project_not_found`, `unsynced_changes`, `not_logged_in`, `role_required` */
export declare function deleteProject(
  ports: ListProjectsPorts,
  input: DeleteProjectInput,
  signal?: AbortSignal,
): Promise<DeleteProjectResult>;
