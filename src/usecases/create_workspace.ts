/** `workspace create`: founds a workspace; its genesis is signed by A, so it needs the password. @module */

import { AppError } from "../kernel/error.ts";
import { parseWorkspaceName } from "../kernel/names.ts";
import { updateConfig } from "../vault/config.ts";
import { foundWorkspace } from "./found_workspace.ts";
import { openWorkspaces, type WorkspaceView } from "./list_workspaces.ts";
import { accountChain, openAccount } from "./open_account.ts";
import { openClient } from "./open_client.ts";
import { openDevice } from "./open_device.ts";
import { workspaceChain } from "./open_workspace.ts";
import { advancePins, readPins } from "./pin_store.ts";
import type { AskPassword, Ports } from "./ports.ts";
import { unlockAccount } from "./unlock_account.ts";

export interface CreateWorkspaceInput {
  readonly name: string;
  readonly password: AskPassword;
}

export type CreateWorkspacePorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** The new workspace becomes the active one. @throws {AppError} `invalid_name`, `name_taken`, `not_logged_in`, `login_refused` */
export async function createWorkspace(
  ports: CreateWorkspacePorts,
  input: CreateWorkspaceInput,
  signal?: AbortSignal,
): Promise<WorkspaceView> {
  const name = parseWorkspaceName(input.name);
  using device = await openDevice(ports, signal);
  const taken = (await openWorkspaces(ports, device, signal)).some((workspace) => workspace.name === name);
  if (taken) throw new AppError("name_taken", { kind: "workspace", name });
  const client = await openClient(ports, device);
  const account = await openAccount(client, device.userId, true, await readPins(device.keychain, signal), signal);
  const state = await unlockAccount(device, client, account, input.password, async ({ admin, stepUp }) => {
    return await foundWorkspace(ports, client, { account, admin, stepUp }, name, signal);
  }, signal);
  await advancePins(ports, device, client, {
    users: new Map([[device.userId, accountChain(account)]]),
    workspaces: new Map([[state.id, workspaceChain(state)]]),
  }, signal);
  await updateConfig(ports.files, ports.places, (config) => ({
    ...config,
    active: { ...config.active, workspaceId: state.id },
  }));
  return { id: state.id, name, type: "personal", role: "owner", active: true, createdAt: state.created.at };
}
