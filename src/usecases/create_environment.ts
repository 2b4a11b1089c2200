/** `environment create`: another environment with a key of its own. Signed by the device: no password. @module */

import { AppError } from "../kernel/error.ts";
import { parseEnvironmentName } from "../kernel/names.ts";
import { currentEnvironments } from "../ledger/workspace_state.ts";
import { appendToWorkspace, requireAdmin } from "./append_workspace.ts";
import { type EnvironmentView, viewEnvironment } from "./list_environments.ts";
import type { ListProjectsPorts } from "./list_projects.ts";
import { openNameKey } from "./open_environment.ts";
import { openWorkspace } from "./open_workspace.ts";
import { addEnvironment } from "./project_keys.ts";
import { activeEnvironment, chosenProject, folderProject } from "./scope.ts";

export interface CreateEnvironmentInput {
  readonly name: string;
  readonly project?: string;
}

/** @throws {AppError} `invalid_name`, `name_taken`, `no_project`, `not_logged_in`, `role_required`, `head_moved` */
export async function createEnvironment(
  ports: ListProjectsPorts,
  input: CreateEnvironmentInput,
  signal?: AbortSignal,
): Promise<EnvironmentView> {
  const name = parseEnvironmentName(input.name);
  const file = await folderProject(ports);
  using workspace = await openWorkspace(ports, {}, signal);
  requireAdmin(workspace, "create an environment");
  const project = chosenProject(workspace.names, file, input.project);
  using nameKey = openNameKey(workspace, project);
  let id: EnvironmentView["id"] | undefined;
  using after = await appendToWorkspace(
    ports,
    workspace,
    (batch, current) => {
      const taken = currentEnvironments(current.state, project).some((e) =>
        current.names.environments.get(e.id) === name
      );
      if (taken) throw new AppError("name_taken", { kind: "environment", name });
      id = addEnvironment(batch, current, project, name, nameKey, ports.random);
    },
    undefined,
    signal,
  );
  return viewEnvironment(after, project, id!, activeEnvironment(workspace.device.config, project, file));
}
