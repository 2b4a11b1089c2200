/** `project use`: the working folder belongs to this project from now on. @module */

import type { EnvironmentName } from "../kernel/names.ts";
import type { ListProjectsPorts, ProjectView } from "./list_projects.ts";

export interface UseProjectInput {
  /** Name or id. */
  readonly project: string;
  /** The folder's default environment; default `development`. */
  readonly environment?: EnvironmentName;
}

export interface UseProjectResult {
  readonly project: ProjectView;
  readonly path: string;
}

/** @throws {AppError} `project_not_found`, `environment_not_found`, `not_logged_in`, `file_unwritable` */
export declare function useProject(
  ports: ListProjectsPorts,
  input: UseProjectInput,
  signal?: AbortSignal,
): Promise<UseProjectResult>;
