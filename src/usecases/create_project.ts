/**
 * `project create`: a project with the environments development, staging and production, each with the key of its first epoch
 * sealed to the members. Signed by the device: no password.
 *
 * @module
 */

import type { EnvironmentName } from "../kernel/names.ts";
import type { ProjectView } from "./list_projects.ts";
import type { Ports } from "./ports.ts";

/** The environments of every new project, in this order. */
export const FIRST_ENVIRONMENTS: readonly EnvironmentName[] = [
  "development",
  "staging",
  "production",
] as readonly string[] as readonly EnvironmentName[];

export interface CreateProjectInput {
  readonly name: string;
  readonly description?: string;
  /** Whether the working folder becomes this project's (`.agentsecrets/project.json`); default true. */
  readonly use?: boolean;
}

export interface CreateProjectResult {
  readonly project: ProjectView;
  /** The project file, when one was written. */
  readonly path?: string;
}

export type CreateProjectPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "workingFolder" | "keychain" | "transport"
>;

/** @throws {AppError} `invalid_name`, `name_taken`, `not_logged_in`, `role_required`, `head_moved` */
export declare function createProject(
  ports: CreateProjectPorts,
  input: CreateProjectInput,
  signal?: AbortSignal,
): Promise<CreateProjectResult>;
