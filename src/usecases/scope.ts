/**
 * Which workspace, project and environment a command means: what it names, else the project file of the folder, else config.json.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import {
  type EnvironmentName,
  isProjectId,
  parseEnvironmentName,
  type ProjectId,
  showable,
  type WorkspaceId,
} from "../kernel/names.ts";
import { currentEnvironments, type EnvironmentRecord } from "../ledger/workspace_state.ts";
import type { Config } from "../vault/config.ts";
import { findProjectFile, type FoundProjectFile } from "../vault/project_file.ts";
import type { OpenWorkspace } from "./open_workspace.ts";
import type { Ports } from "./ports.ts";
import type { WorkspaceNames } from "./workspace_names.ts";

/** What a command named; everything absent is looked up. */
export interface Selection {
  /** Absolute path where the search for the project file begins; default: the working folder. */
  readonly folder?: string;
  /** `--project`: a project's name or id. */
  readonly project?: string;
  /** `--env`: an environment's name. */
  readonly environment?: string;
}

export type ScopePorts = Pick<Ports, "files" | "workingFolder">;

/** The folder's project file, if it or a folder above has one. @throws {AppError} `config_damaged`, `unsupported_format` */
export async function folderProject(
  ports: ScopePorts,
  selection: Pick<Selection, "folder"> = {},
): Promise<FoundProjectFile | undefined> {
  return await findProjectFile(ports.files, selection.folder ?? ports.workingFolder);
}

/**
 * The folder's workspace, else the active one.
 *
 * @throws {AppError} `workspace_not_found` when there is neither
 */
export function chosenWorkspace(config: Config, file: FoundProjectFile | undefined): WorkspaceId {
  const id = file?.workspaceId ?? config.active.workspaceId;
  if (id === undefined) throw new AppError("workspace_not_found", { name: "(none is active)" });
  return id;
}

/**
 * The project that was named, else the folder's.
 *
 * @throws {AppError} `no_project`, `project_not_found`
 */
export function chosenProject(
  names: WorkspaceNames,
  file: FoundProjectFile | undefined,
  project: string | undefined,
): ProjectId {
  if (project !== undefined) return projectByName(names, project);
  if (file === undefined) throw new AppError("no_project");
  // The id decides; the name in the file is for people and may be out of date.
  if (!names.projects.has(file.projectId)) throw new AppError("project_not_found", { name: file.project });
  return file.projectId;
}

/** @throws {AppError} `project_not_found` */
export function projectByName(names: WorkspaceNames, nameOrId: string): ProjectId {
  if (isProjectId(nameOrId) && names.projects.has(nameOrId)) return nameOrId;
  for (const [id, { name }] of names.projects) if (name === nameOrId) return id;
  throw new AppError("project_not_found", { name: showable(nameOrId) });
}

/**
 * The environment of `project` with that name.
 *
 * @throws {AppError} `environment_not_found`
 */
export function environmentByName(
  { state, names }: Pick<OpenWorkspace, "state" | "names">,
  project: ProjectId,
  name: string,
): EnvironmentRecord {
  const found = currentEnvironments(state, project).find(({ id }) => names.environments.get(id) === name);
  if (found !== undefined) return found;
  const projectName = names.projects.get(project)?.name ?? project;
  throw new AppError("environment_not_found", { name: showable(name), project: projectName });
}

/** The person's own choice for the project, else the project file's default, else `development`. */
export function activeEnvironment(
  config: Config,
  project: ProjectId,
  file: FoundProjectFile | undefined,
): EnvironmentName {
  return config.active.environments[project] ??
    (file?.projectId === project ? file.environment : parseEnvironmentName("development"));
}
