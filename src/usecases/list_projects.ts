/** `project list`: the active workspace's projects, their names opened on this machine. @module */

import type { EnvironmentName, ProjectId, ProjectName, WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { Ports } from "./ports.ts";

export interface ProjectView {
  readonly id: ProjectId;
  readonly name: ProjectName;
  readonly description: string;
  readonly workspace: { readonly id: WorkspaceId; readonly name: WorkspaceName };
  readonly environments: readonly EnvironmentName[];
  /** Whether the working folder belongs to it. */
  readonly active: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type ListProjectsPorts = Pick<
  Ports,
  "clock" | "random" | "files" | "places" | "workingFolder" | "keychain" | "transport"
>;

/** Sorted by name. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch`, `decryption_failed` */
export declare function listProjects(ports: ListProjectsPorts, signal?: AbortSignal): Promise<readonly ProjectView[]>;
