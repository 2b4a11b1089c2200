/** `workspace create`: founds a workspace; its genesis is signed by A, so it needs the password. @module */

import type { AskPassword, Ports } from "./ports.ts";
import type { WorkspaceView } from "./list_workspaces.ts";

export interface CreateWorkspaceInput {
  readonly name: string;
  readonly password: AskPassword;
}

export type CreateWorkspacePorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** The new workspace becomes the active one. @throws {AppError} `invalid_name`, `name_taken`, `not_logged_in`, `login_refused` */
export declare function createWorkspace(
  ports: CreateWorkspacePorts,
  input: CreateWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView>;
