/**
 * Opening an environment for work on its secrets: the verified place, the keys, this machine's copies, the files beside them.
 *
 * @module
 */

import { AppError, isAppError } from "../../kernel/error.ts";
import { findEnvironment, openEnvironmentKeys } from "../open_environment.ts";
import { type OpenWorkspace, openWorkspace } from "../open_workspace.ts";
import { rememberPlace } from "./known_places.ts";
import { type LocalEnvironment, openKnown, openLocal } from "./open_known.ts";
import type { EnvironmentInput, EnvironmentPlace } from "./outcome.ts";
import { RemoteEnvironment } from "./remote_environment.ts";
import type { SecretsPorts } from "./secrets_ports.ts";

/** An environment whose server can be asked. Disposing wipes its keys. */
export interface OnlineEnvironment extends LocalEnvironment, Disposable {
  readonly remote: RemoteEnvironment;
}

/** An environment whose server could not be reached. */
export interface OfflineEnvironment extends LocalEnvironment, Disposable {
  readonly remote: undefined;
  readonly unreachable: AppError;
}

/**
 * Opens the environment that `input` means.
 *
 * @throws {AppError} `server_unreachable`, those of `openWorkspace`, `findEnvironment`, `openEnvironmentKeys` and the keychain
 */
export async function openSecrets(
  ports: SecretsPorts,
  input: EnvironmentInput,
  signal?: AbortSignal,
): Promise<OnlineEnvironment> {
  const workspace = await openWorkspace(ports, { folder: input.folder }, signal);
  try {
    return await openIn(ports, workspace, input, () => workspace[Symbol.dispose](), signal);
  } catch (error) {
    workspace[Symbol.dispose]();
    throw error;
  }
}

/** As {@linkcode openSecrets}; when the server cannot be reached, what this machine knows from before. */
export async function openSecretsAnyway(
  ports: SecretsPorts,
  input: EnvironmentInput,
  signal?: AbortSignal,
): Promise<OnlineEnvironment | OfflineEnvironment> {
  try {
    return await openSecrets(ports, input, signal);
  } catch (error) {
    if (!isAppError(error, "server_unreachable")) throw error;
    const known = await openKnown(ports, input, signal);
    if (known === undefined) throw error;
    return { ...known, remote: undefined, unreachable: error, [Symbol.dispose]: () => {} };
  }
}

/**
 * Opens an environment of a workspace that is open already. `release` runs when the result is disposed of.
 *
 * @throws {AppError} those of `findEnvironment`, `openEnvironmentKeys` and the keychain
 */
export async function openIn(
  ports: SecretsPorts,
  workspace: OpenWorkspace,
  input: EnvironmentInput,
  release: () => void,
  signal?: AbortSignal,
): Promise<OnlineEnvironment> {
  const found = await findEnvironment(ports, workspace, input);
  const place: EnvironmentPlace = {
    workspaceId: found.workspaceId,
    workspace: workspace.name,
    projectId: found.projectId,
    project: found.project,
    environmentId: found.environmentId,
    environment: found.environment,
  };
  await rememberPlace(workspace.device.keychain, place, signal);
  const local = await openLocal(ports, place, found.folder, signal);
  const keys = openEnvironmentKeys(workspace, found);
  return {
    ...local,
    remote: new RemoteEnvironment(ports, workspace, place, keys),
    [Symbol.dispose]: () => {
      keys[Symbol.dispose]();
      release();
    },
  };
}
