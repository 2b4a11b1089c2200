/** How a project, a workspace and an environment are shown. @module */

import type { EnvironmentView } from "../../usecases/list_environments.ts";
import type { ProjectView } from "../../usecases/list_projects.ts";
import type { WorkspaceView } from "../../usecases/list_workspaces.ts";
import { iso } from "./time.ts";
import type { Json } from "./view.ts";

type Members = Readonly<Record<string, Json>>;

/** A project as JSON. */
export function projectJson(project: ProjectView): Members {
  return {
    id: project.id,
    name: project.name,
    description: project.description,
    workspace: { id: project.workspace.id, name: project.workspace.name },
    environments: project.environments,
    active: project.active,
    created_at: iso(project.createdAt),
  };
}

/** A workspace as JSON. */
export function workspaceJson(workspace: WorkspaceView): Members {
  return {
    id: workspace.id,
    name: workspace.name,
    type: workspace.type,
    role: workspace.role,
    active: workspace.active,
    created_at: iso(workspace.createdAt),
  };
}

/** An environment as JSON. */
export function environmentJson(environment: EnvironmentView): Members {
  return {
    id: environment.id,
    name: environment.name,
    project: environment.project,
    active: environment.active,
    epoch: environment.epoch,
    created_at: iso(environment.createdAt),
  };
}
