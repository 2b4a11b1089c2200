/** `workspace delete`: ends a workspace for everyone; signed by A, so it needs the password. @module */

import { AppError } from "../kernel/error.ts";
import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import { updateConfig } from "../vault/config.ts";
import { appendToWorkspace } from "./append_workspace.ts";
import { findWorkspace, type ListWorkspacesPorts } from "./list_workspaces.ts";
import { listValues, refuseToLose, removeValues } from "./local_values.ts";
import { openDevice } from "./open_device.ts";
import type { AskPassword } from "./ports.ts";
import { unlockAccount } from "./unlock_account.ts";

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
export async function deleteWorkspace(
  ports: ListWorkspacesPorts,
  input: DeleteWorkspaceInput,
  signal?: AbortSignal,
): Promise<DeleteWorkspaceResult> {
  using device = await openDevice(ports, signal);
  using workspace = await findWorkspace(ports, device, input.workspace, signal);
  const { id, name, client, account, role } = workspace;
  if (role !== "owner") throw new AppError("role_required", { action: "delete the workspace", role: "owner" });
  const values = await listValues(device.keychain, { workspaceId: id }, signal);
  refuseToLose(values, input.force === true);
  await unlockAccount(device, client, account, input.password, async ({ admin, stepUp }) => {
    const signer = { key: admin, stepUp };
    await appendToWorkspace(ports, workspace, (batch) => batch.add("ws.delete", {}), signer, signal);
  }, signal);
  const removedValues = await removeValues(device.keychain, values, signal);
  await updateConfig(ports.files, ports.places, (config) => {
    const { workspaceId, ...rest } = config.active;
    return { ...config, active: workspaceId === id || workspaceId === undefined ? rest : { ...rest, workspaceId } };
  });
  return { id, name, removedValues };
}
