/** `workspace switch`: the workspace that commands outside a project folder mean. @module */

import type { ListWorkspacesPorts, WorkspaceView } from "./list_workspaces.ts";

export interface SwitchWorkspaceInput {
  /** Name or id. */
  readonly workspace: string;
}

/** @throws {AppError} `workspace_not_found`, `not_logged_in` */
export declare function switchWorkspace(
  ports: ListWorkspacesPorts,
  input: SwitchWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView>;
