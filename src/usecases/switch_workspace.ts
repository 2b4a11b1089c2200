/** `workspace switch`: the workspace that commands outside a project folder mean. @module */

import { updateConfig } from "../vault/config.ts";
import { findWorkspace, type ListWorkspacesPorts, viewWorkspace, type WorkspaceView } from "./list_workspaces.ts";
import { openDevice } from "./open_device.ts";

export interface SwitchWorkspaceInput {
  /** Name or id. */
  readonly workspace: string;
}

/** @throws {AppError} `workspace_not_found`, `not_logged_in` */
export async function switchWorkspace(
  ports: ListWorkspacesPorts,
  input: SwitchWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView> {
  using device = await openDevice(ports, signal);
  using workspace = await findWorkspace(ports, device, input.workspace, signal);
  await updateConfig(ports.files, ports.places, (config) => ({
    ...config,
    active: { ...config.active, workspaceId: workspace.id },
  }));
  return viewWorkspace(workspace, workspace.id);
}
