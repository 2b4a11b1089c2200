/** `environment create`: another environment with a key of its own. Signed by the device: no password. @module */

import type { EnvironmentView } from "./list_environments.ts";
import type { ListProjectsPorts } from "./list_projects.ts";

export interface CreateEnvironmentInput {
  readonly name: string;
  readonly project?: string;
}

/** @throws {AppError} `invalid_name`, `name_taken`, `no_project`, `not_logged_in`, `role_required`, `head_moved` */
export declare function createEnvironment(
  ports: ListProjectsPorts,
  input: CreateEnvironmentInput,
  signal?: AbortSignal,
): Promise<EnvironmentView>;
