/** `workspace update`: a new name, sealed for the members. Signed by the device: no password. @module */

import { sealNames } from "../crypto/sealed_names.ts";
import { AppError } from "../kernel/error.ts";
import { parseWorkspaceName } from "../kernel/names.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { type ListWorkspacesPorts, openWorkspaces, viewWorkspace, type WorkspaceView } from "./list_workspaces.ts";
import { findWorkspace } from "./list_workspaces.ts";
import { openDevice } from "./open_device.ts";
import { newestKey } from "./workspace_names.ts";

export interface RenameWorkspaceInput {
  /** Name or id; default: the active one. */
  readonly workspace?: string;
  readonly name: string;
}

/** @throws {AppError} `invalid_name`, `name_taken`, `workspace_not_found`, `not_logged_in`, `role_required` */
export async function renameWorkspace(
  ports: ListWorkspacesPorts,
  input: RenameWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView> {
  const name = parseWorkspaceName(input.name);
  using device = await openDevice(ports, signal);
  const active = device.config.active.workspaceId;
  using workspace = await findWorkspace(ports, device, input.workspace ?? active ?? "", signal);
  requireAdmin(workspace, "rename the workspace");
  const others = (await openWorkspaces(ports, device, signal)).filter(({ id }) => id !== workspace.id);
  if (others.some((other) => other.name === name)) throw new AppError("name_taken", { kind: "workspace", name });
  using renamed = await appendToWorkspace(
    ports,
    workspace,
    (batch, { id, keys }) => {
      const { epoch, key } = newestKey(keys);
      batch.add("ws.update", { names: sealNames(key, { ws: id, id, epoch }, { name }, ports.random) });
    },
    undefined,
    signal,
  );
  return viewWorkspace(renamed, active);
}
