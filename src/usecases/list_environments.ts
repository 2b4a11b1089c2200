/** `environment list`: a project's environments. @module */

import type { EnvironmentId, EnvironmentName, ProjectName } from "../kernel/names.ts";
import type { ListProjectsPorts } from "./list_projects.ts";

export interface EnvironmentView {
  readonly id: EnvironmentId;
  readonly name: EnvironmentName;
  readonly project: ProjectName;
  readonly active: boolean;
  /** Epoch of its key: 1, 2, … */
  readonly epoch: number;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export interface ListEnvironmentsInput {
  /** `--project NAME`; default: the folder's. */
  readonly project?: string;
}

/** In the order they were made. @throws {AppError} `no_project`, `project_not_found`, `not_logged_in`, `log_invalid` */
export declare function listEnvironments(
  ports: ListProjectsPorts,
  input: ListEnvironmentsInput,
  signal?: AbortSignal,
): Promise<readonly EnvironmentView[]>;
