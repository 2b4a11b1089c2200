/**
 * One environment of a verified workspace, with the keys that were sealed to this person.
 *
 * @module
 */

import type { EnvironmentName, ProjectName } from "../kernel/names.ts";
import type { Secret } from "../kernel/secret.ts";
import type { SecretScope } from "../ports/secret_reader.ts";
import type { OpenWorkspace } from "./open_workspace.ts";
import type { WorkspacePorts } from "./open_workspace.ts";
import type { Selection } from "./scope.ts";

/** Which environment is meant. */
export interface EnvironmentPlace extends SecretScope {
  readonly project: ProjectName;
  readonly environment: EnvironmentName;
  /** Whether the log protects it (production). */
  readonly protected: boolean;
  /** Epoch of its key that new secrets are written under. */
  readonly epoch: number;
  /** The project's folder, when it was found through a project file. */
  readonly folder?: string;
}

/**
 * The environment that a selection means, from the verified log.
 *
 * @throws {AppError} `no_project`, `project_not_found`, `environment_not_found`, `decryption_failed`
 */
export declare function findEnvironment(
  ports: WorkspacePorts,
  workspace: OpenWorkspace,
  selection: Selection,
  signal?: AbortSignal,
): Promise<EnvironmentPlace>;

/** Keys of one environment. Disposing wipes them. */
export interface EnvironmentKeys extends Disposable {
  /** K_name of the project: makes sids. */
  readonly nameKey: Secret;
  /** K_env by epoch, each checked against the log's key_commit. */
  readonly environmentKeys: ReadonlyMap<number, Secret>;
}

/** @throws {AppError} `decryption_failed`, `signature_invalid` (a key that the log did not commit to), `role_required` (no grant) */
export declare function openEnvironmentKeys(
  ports: WorkspacePorts,
  workspace: OpenWorkspace,
  place: EnvironmentPlace,
  signal?: AbortSignal,
): Promise<EnvironmentKeys>;
