/**
 * `project create`: a project with the environments development, staging and production, each with the key of its first epoch
 * sealed to the members. Signed by the device: no password.
 *
 * @module
 */

import { generateKey, nameKeyCommit } from "../crypto/grants.ts";
import { toBase32 } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import { parseEnvironmentName, parseProjectName, type ProjectId, type ProjectName } from "../kernel/names.ts";
import { writeProjectFile } from "../vault/project_file.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { type ListProjectsPorts, openActiveWorkspace, type ProjectView, viewProject } from "./list_projects.ts";
import type { OpenWorkspace } from "./open_workspace.ts";
import { addEnvironment, sealNamesFor } from "./project_keys.ts";
import { parseDescription } from "./workspace_names.ts";

/** The environments of every new project, in this order; the first is a folder's default. */
export const FIRST_ENVIRONMENTS = ["development", "staging", "production"].map(parseEnvironmentName);

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

export type CreateProjectPorts = ListProjectsPorts;

/** @throws {AppError} `invalid_name`, `name_taken`, `not_logged_in`, `role_required`, `head_moved` */
export async function createProject(
  ports: CreateProjectPorts,
  input: CreateProjectInput,
  signal?: AbortSignal,
): Promise<CreateProjectResult> {
  const name = parseProjectName(input.name);
  const description = parseDescription(input.description ?? "");
  using workspace = await openActiveWorkspace(ports, signal);
  requireAdmin(workspace, "create a project");
  const project = `p_${toBase32(ports.random(10))}` as ProjectId;
  using after = await appendToWorkspace(
    ports,
    workspace,
    (batch, current) => {
      refuseTaken(current, name);
      using nameKey = generateKey(ports.random);
      batch.add("project.create", {
        project,
        names: sealNamesFor(current, project, { name, description }, ports.random),
        name_key_commit: nameKeyCommit(project, nameKey),
      });
      for (const first of FIRST_ENVIRONMENTS) addEnvironment(batch, current, project, first, nameKey, ports.random);
    },
    undefined,
    signal,
  );
  if (input.use === false) return { project: viewProject(after, project, undefined) };
  const path = await writeProjectFile(ports.files, ports.workingFolder, {
    workspaceId: after.id,
    workspace: after.name,
    projectId: project,
    project: name,
    environment: FIRST_ENVIRONMENTS[0]!,
  });
  return { project: viewProject(after, project, project), path };
}

/** Names are unique within a workspace. @throws {AppError} `name_taken` */
export function refuseTaken(workspace: OpenWorkspace, name: ProjectName, except?: ProjectId): void {
  for (const [id, names] of workspace.names.projects) {
    if (id !== except && names.name === name) throw new AppError("name_taken", { kind: "project", name });
  }
}
