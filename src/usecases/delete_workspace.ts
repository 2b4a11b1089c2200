/** `workspace delete`: ends a workspace for everyone; signed by A, so it needs the password. @module */

import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { ListWorkspacesPorts } from "./list_workspaces.ts";
import type { AskPassword } from "./ports.ts";

export interface DeleteWorkspaceInput {
  /** Name or id. */
  readonly workspace: string;
  readonly password: AskPassword;
  /** Loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface DeleteWorkspaceResult {
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  /** How many stored values were removed from the keychain. */
  readonly removedValues: number;
}

/** @throws {AppError} `workspace_not_found`, `unsynced_changes`, `login_refused`, `role_required` */
export declare function deleteWorkspace(
  ports: ListWorkspacesPorts,
  input: DeleteWorkspaceInput,
  signal?: AbortSignal,
): Promise<DeleteWorkspaceResult>;
