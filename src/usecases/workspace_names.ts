/**
 * The names in a workspace, opened on this machine: the server holds them sealed under the workspace key.
 *
 * @module
 */

import { openWorkspaceGrant, unwrapPreviousKey } from "../crypto/grants.ts";
import type { ReceivingKey } from "../crypto/keys.ts";
import { type NamedId, namesEpoch, openNames } from "../crypto/sealed_names.ts";
import { AppError } from "../kernel/error.ts";
import {
  type EnvironmentId,
  type EnvironmentName,
  parseEnvironmentName,
  parseProjectName,
  parseWorkspaceName,
  type ProjectId,
  type ProjectName,
  type UserId,
  type WorkspaceName,
} from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { currentEnvironments, currentProjects, type WorkspaceState } from "../ledger/workspace_state.ts";
import { openKeyEpochs, type SealedByHash } from "./key_epochs.ts";

/** A project's name and what it is about. */
export interface ProjectNames {
  readonly name: ProjectName;
  readonly description: string;
}

/** Names of what exists now. */
export interface WorkspaceNames {
  readonly workspace: WorkspaceName;
  readonly projects: ReadonlyMap<ProjectId, ProjectNames>;
  readonly environments: ReadonlyMap<EnvironmentId, EnvironmentName>;
}

/** The workspace key W of every epoch that this person can open. The caller disposes of them. @throws {AppError} as {@linkcode openKeyEpochs} */
export function openWorkspaceKeys(
  state: WorkspaceState,
  user: UserId,
  receiving: ReceivingKey,
  sealed: SealedByHash,
): Map<number, Secret> {
  const ws = state.id;
  return openKeyEpochs("the workspace's key", state.epochs, user, sealed, {
    fromGrant: ({ epoch, keyCommit }, grant) => openWorkspaceGrant({ ws, epoch }, keyCommit, grant, receiving),
    fromWrap: ({ epoch }, key, wrap, previous) => unwrapPreviousKey({ ws, epoch }, key, wrap, previous.keyCommit),
  });
}

/** @throws {AppError} `decryption_failed` when a name is damaged, moved from elsewhere, or no valid name */
export function openWorkspaceNames(state: WorkspaceState, keys: ReadonlyMap<number, Secret>): WorkspaceNames {
  const open = (id: NamedId, sealed: string): { readonly name: string; readonly description?: string } => {
    const epoch = namesEpoch(sealed) ?? 0;
    const key = keys.get(epoch);
    if (key === undefined) throw new AppError("decryption_failed", { what: "a name" });
    return openNames(key, { ws: state.id, id, epoch }, sealed);
  };
  const projects = currentProjects(state);
  return {
    workspace: valid(parseWorkspaceName, state.names === undefined ? "unnamed" : open(state.id, state.names).name),
    projects: new Map(projects.map(({ id, names }) => {
      const { name, description } = open(id, names);
      return [id, { name: valid(parseProjectName, name), description: description ?? "" }];
    })),
    environments: new Map(
      projects.flatMap(({ id }) => currentEnvironments(state, id))
        .map(({ id, names }) => [id, valid(parseEnvironmentName, open(id, names).name)]),
    ),
  };
}

/** A colleague's client may have sealed anything: a name is parsed again before it reaches a terminal or a path. */
function valid<T>(parse: (text: string) => T, name: string): T {
  try {
    return parse(name);
  } catch (error) {
    throw new AppError("decryption_failed", { what: "a name" }, { cause: error });
  }
}
