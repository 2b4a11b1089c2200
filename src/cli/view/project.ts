/** How a project, a workspace and an environment are shown. @module */

import type { EnvironmentView } from "../../usecases/list_environments.ts";
import type { ProjectView } from "../../usecases/list_projects.ts";
import type { WorkspaceView } from "../../usecases/list_workspaces.ts";
import { printable, type Style } from "./style.ts";
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

/** Which files were left for AI assistants; nothing when all were there. */
export function taughtLine(files: readonly string[], style: Style): string {
  return files.length === 0 ? "" : style.dim(printable(`  wrote ${files.join(", ")}`)) + "\n";
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
