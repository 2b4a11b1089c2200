/** `environment delete`: ends an environment for everyone, and removes its values from this machine's keychain. @module */

import type { EnvironmentId, EnvironmentName } from "../kernel/names.ts";
import type { ListProjectsPorts } from "./list_projects.ts";

export interface DeleteEnvironmentInput {
  readonly environment: string;
  readonly project?: string;
  /** Loses local changes that were never pushed. */
  readonly force?: boolean;
}

export interface DeleteEnvironmentResult {
  readonly id: EnvironmentId;
  readonly name: EnvironmentName;
  readonly removedValues: number;
}

/** @throws {AppError} `environment_not_found`, `unsynced_changes`, `no_project`, `not_logged_in`, `role_required` */
export declare function deleteEnvironment(
  ports: ListProjectsPorts,
  input: DeleteEnvironmentInput,
  signal?: AbortSignal,
): Promise<DeleteEnvironmentResult>;
