/** `environment switch`: this person's environment for a project, kept in config.json, not in the project's folder. @module */

import type { EnvironmentView } from "./list_environments.ts";
import type { ListProjectsPorts } from "./list_projects.ts";

export interface SwitchEnvironmentInput {
  readonly environment: string;
  readonly project?: string;
}

/** @throws {AppError} `no_project`, `environment_not_found`, `not_logged_in` */
export declare function switchEnvironment(
  ports: ListProjectsPorts,
  input: SwitchEnvironmentInput,
  signal?: AbortSignal,
): Promise<EnvironmentView>;
