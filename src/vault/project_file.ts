/**
 * `.agentsecrets/project.json`: which project a folder belongs to. Safe to commit: no credential is in it. Found from any
 * subfolder. Strict: an unknown version or field is an error, never "no project".
 *
 * @module
 */

import type { EnvironmentName, ProjectId, ProjectName, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { Files } from "../ports/files.ts";

/** The file's content. */
export interface ProjectFile {
  readonly workspaceId: WorkspaceId;
  /** The workspace's name when the file was written: for people, never for decisions. */
  readonly workspace: WorkspaceName;
  readonly projectId: ProjectId;
  readonly project: ProjectName;
  /** The default; a person's own choice is in config.json. */
  readonly environment: EnvironmentName;
}

/** A project file and the folder it speaks for. */
export interface FoundProjectFile extends ProjectFile {
  /** The project's folder: the one that holds `.agentsecrets`. */
  readonly folder: string;
  readonly path: string;
}

/** The nearest project file in `folder` or above it, or undefined. @throws {AppError} `config_damaged`, `unsupported_format`, `file_unreadable` */
export declare function findProjectFile(files: Files, folder: string): Promise<FoundProjectFile | undefined>;

/** Writes the project file of `folder`. @throws {AppError} `file_unwritable`, `disk_full` */
export declare function writeProjectFile(files: Files, folder: string, project: ProjectFile): Promise<string>;
