/** `workspace list`: the workspaces of this account, each from its own verified log. @module */

import { AppError } from "../kernel/error.ts";
import { isWorkspaceId, showable, type WorkspaceId, type WorkspaceName } from "../kernel/names.ts";
import { currentMembers } from "../ledger/workspace_state.ts";
import { disposeAll } from "./key_epochs.ts";
import { openClient } from "./open_client.ts";
import { type Device, openDevice } from "./open_device.ts";
import { type OpenWorkspace, verifyWorkspace } from "./open_workspace.ts";
import type { Ports } from "./ports.ts";

export interface WorkspaceView {
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  /** `personal` while its founder is the only member, then `team`: what stands in brackets in `→ Name (type)`. */
  readonly type: "personal" | "team";
  readonly role: string;
  readonly active: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type ListWorkspacesPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** Sorted by name. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch`, `server_unreachable` */
export async function listWorkspaces(
  ports: ListWorkspacesPorts,
  signal?: AbortSignal,
): Promise<readonly WorkspaceView[]> {
  using device = await openDevice(ports, signal);
  const workspaces = await openWorkspaces(ports, device, signal);
  const views = workspaces.map((workspace) => viewWorkspace(workspace, device.config.active.workspaceId));
  for (const { keys } of workspaces) disposeAll(keys);
  return views.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
}

/** Every workspace of this account, verified. @throws {AppError} as {@linkcode listWorkspaces} */
export async function openWorkspaces(
  ports: ListWorkspacesPorts,
  device: Device,
  signal?: AbortSignal,
): Promise<readonly OpenWorkspace[]> {
  const client = await openClient(ports, device);
  const opened: OpenWorkspace[] = [];
  for (const { workspace_id: id } of await client.workspaces(signal)) {
    opened.push(await verifyWorkspace(ports, device, client, id, signal));
  }
  return opened;
}

/** The workspace with that name or id. @throws {AppError} `workspace_not_found`; those of {@linkcode listWorkspaces} */
export async function findWorkspace(
  ports: ListWorkspacesPorts,
  device: Device,
  nameOrId: string,
  signal?: AbortSignal,
): Promise<OpenWorkspace> {
  if (isWorkspaceId(nameOrId)) {
    return await verifyWorkspace(ports, device, await openClient(ports, device), nameOrId, signal);
  }
  const workspaces = await openWorkspaces(ports, device, signal);
  const found = workspaces.find(({ name }) => name === nameOrId.normalize("NFC"));
  for (const other of workspaces) if (other !== found) disposeAll(other.keys);
  if (found === undefined) throw new AppError("workspace_not_found", { name: showable(nameOrId) });
  return found;
}

/** What a list shows of it. */
export function viewWorkspace(workspace: OpenWorkspace, active: WorkspaceId | undefined): WorkspaceView {
  const { id, name, role, state } = workspace;
  return {
    id,
    name,
    type: currentMembers(state).length === 1 ? "personal" : "team",
    role,
    active: id === active,
    createdAt: state.created.at,
  };
}
