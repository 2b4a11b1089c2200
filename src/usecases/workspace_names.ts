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
  showable,
  type UserId,
  type WorkspaceName,
} from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import { currentEnvironments, currentProjects, type WorkspaceState } from "../ledger/workspace_state.ts";
import { openKeyEpochs, type SealedByHash } from "./key_epochs.ts";

const MAX_DESCRIPTION = 200;
// deno-lint-ignore no-control-regex -- control and direction characters must not reach a terminal
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/;

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

/** The workspace key that new names are sealed under. */
export function newestKey(keys: ReadonlyMap<number, Secret>): { readonly epoch: number; readonly key: Secret } {
  const epoch = Math.max(...keys.keys());
  return { epoch, key: keys.get(epoch)! };
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
      return [id, { name: valid(parseProjectName, name), description: valid(parseDescription, description ?? "") }];
    })),
    environments: new Map(
      projects.flatMap(({ id }) => currentEnvironments(state, id))
        .map(({ id, names }) => [id, valid(parseEnvironmentName, open(id, names).name)]),
    ),
  };
}

/** What a project is about: one line, at most {@linkcode MAX_DESCRIPTION} characters, possibly empty. @throws {AppError} `invalid_name` */
export function parseDescription(text: string): string {
  const description = text.normalize("NFC").trim();
  if (description.length > MAX_DESCRIPTION || UNPRINTABLE.test(description)) {
    const rule = `one line of printable characters, at most ${MAX_DESCRIPTION}`;
    throw new AppError("invalid_name", { kind: "description", name: showable(description), rule });
  }
  return description;
}

/** A colleague's client may have sealed anything: a name is parsed again before it reaches a terminal or a path. */
function valid<T>(parse: (text: string) => T, name: string): T {
  try {
    return parse(name);
  } catch (error) {
    throw new AppError("decryption_failed", { what: "a name" }, { cause: error });
  }
}
