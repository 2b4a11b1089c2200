/** `workspace update`: a new name. @module */

import type { ListWorkspacesPorts, WorkspaceView } from "./list_workspaces.ts";

export interface RenameWorkspaceInput {
  /** Name or id; default: the active one. */
  readonly workspace?: string;
  readonly name: string;
}

/** @throws {AppError} `invalid_name`, `name_taken`, `workspace_not_found`, `not_logged_in`, `role_required` */
export declare function renameWorkspace(
  ports: ListWorkspacesPorts,
  input: RenameWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView>;
