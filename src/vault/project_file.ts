/**
 * `.agentsecrets/project.json`: which project a folder belongs to. Safe to commit: no credential is in it. Found from any
 * subfolder. Strict: an unknown version or field is an error, never "no project".
 *
 * @module
 */

import { dirname, join } from "node:path";
import { utf8 } from "../kernel/bytes.ts";
import {
  type EnvironmentName,
  isProjectId,
  isWorkspaceId,
  parseEnvironmentName,
  parseProjectName,
  parseSecretName,
  parseWorkspaceName,
  type ProjectId,
  type ProjectName,
  type SecretName,
  type WorkspaceId,
  type WorkspaceName,
} from "../kernel/names.ts";
import type { Files } from "../ports/files.ts";
import { accepted, StrictJson } from "./strict_json.ts";

const VERSION = 1;
/** Most names of a default: more than an environment holds is damage. */
const MAX_NAMES = 10_000;
/** Room for as many names of the longest kind. */
const MAX_BYTES = 2 * 1024 * 1024;

/** The file's content. */
export interface ProjectFile {
  readonly workspaceId: WorkspaceId;
  /** The workspace's name when the file was written: for people, never for decisions. */
  readonly workspace: WorkspaceName;
  readonly projectId: ProjectId;
  readonly project: ProjectName;
  /** The default; a person's own choice is in config.json. */
  readonly environment: EnvironmentName;
  /** What `env` gives unless it is told otherwise; absent: everything. Narrows, and grants nothing: anybody may edit this file. */
  readonly envOnly?: readonly SecretName[];
}

/** A project file and the folder it speaks for. */
export interface FoundProjectFile extends ProjectFile {
  /** The project's folder: the one that holds `.agentsecrets`. */
  readonly folder: string;
  readonly path: string;
}

/** The nearest project file in `folder` or above it, or undefined. @throws {AppError} `config_damaged`, `unsupported_format`, `file_unreadable` */
export async function findProjectFile(files: Files, folder: string): Promise<FoundProjectFile | undefined> {
  for (let at = folder;; at = dirname(at)) {
    const path = projectFilePath(at);
    const bytes = await files.read(path, { regularOnly: true, maxBytes: MAX_BYTES });
    // A damaged file ends the search: falling back to a folder above would act on another project.
    if (bytes !== undefined) return { ...parseProjectFile(path, bytes), folder: at, path };
    if (dirname(at) === at) return undefined;
  }
}

/** Where {@linkcode findProjectFile} looks, in its order. */
export function projectFilePaths(folder: string): string[] {
  const paths: string[] = [];
  for (let at = folder;; at = dirname(at)) {
    paths.push(projectFilePath(at));
    if (dirname(at) === at) return paths;
  }
}

/** Writes the project file of `folder` and returns its path. @throws {AppError} `file_unwritable`, `disk_full` */
export async function writeProjectFile(files: Files, folder: string, project: ProjectFile): Promise<string> {
  const path = projectFilePath(folder);
  const content = {
    version: VERSION,
    workspace_id: project.workspaceId,
    workspace: project.workspace,
    project_id: project.projectId,
    project: project.project,
    environment: project.environment,
    ...(project.envOnly === undefined ? {} : { env_only: project.envOnly }),
  };
  // Committed files are readable for everyone who has the folder.
  await files.makeFolder(dirname(path), 0o755);
  await files.write(path, utf8(`${JSON.stringify(content, undefined, 2)}\n`), { mode: 0o644 });
  return path;
}

/** Strict reading of the file's bytes. @throws {AppError} `config_damaged`, `unsupported_format` */
export function parseProjectFile(path: string, bytes: Uint8Array): ProjectFile {
  const root = StrictJson.parse(path, bytes);
  root.version(VERSION);
  root.onlyFields("version", "workspace_id", "workspace", "project_id", "project", "environment", "env_only");
  const envOnly = root.optional("env_only")?.list(MAX_NAMES).map((name) => name.text(accepted(parseSecretName)));
  return {
    workspaceId: root.field("workspace_id").text(isWorkspaceId),
    workspace: root.field("workspace").text(accepted(parseWorkspaceName)),
    projectId: root.field("project_id").text(isProjectId),
    project: root.field("project").text(accepted(parseProjectName)),
    environment: root.field("environment").text(accepted(parseEnvironmentName)),
    ...(envOnly === undefined ? {} : { envOnly: [...new Set(envOnly)] }),
  };
}

function projectFilePath(folder: string): string {
  return join(folder, ".agentsecrets", "project.json");
}
