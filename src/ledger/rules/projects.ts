/**
 * Rules about projects and environments (docs/spec/protocol.md §4.3).
 *
 * @module
 */

import type { WorkspacePayload } from "../../contract/workspace_entries.ts";
import type { ProjectId } from "../../kernel/names.ts";
import type { RuleContext } from "../workspace_draft.ts";
import type { ProjectRecord } from "../workspace_state.ts";
import { liveEnvironment } from "./keys.ts";

function liveProject(context: RuleContext, id: ProjectId): ProjectRecord {
  const project = context.draft.projects.get(id);
  if (project === undefined || project.deleted !== undefined) context.refuse("there is no such project");
  return project;
}

/** `project.create` */
export function createProject(context: RuleContext, payload: WorkspacePayload<"project.create">): void {
  const { draft, stamp } = context;
  const { project: id, names, name_key_commit: nameKeyCommit } = payload;
  if (draft.projects.has(id)) context.refuse("its project was there before");
  draft.projects.set(id, { id, names, nameKeyCommit, created: stamp, updated: stamp, deleted: undefined });
}

/** `project.update` */
export function updateProject(context: RuleContext, payload: WorkspacePayload<"project.update">): void {
  const project = liveProject(context, payload.project);
  context.draft.projects.set(project.id, { ...project, names: payload.names, updated: context.stamp });
}

/** `project.delete`: its environments go with it. */
export function deleteProject(context: RuleContext, payload: WorkspacePayload<"project.delete">): void {
  const { draft, stamp } = context;
  const project = liveProject(context, payload.project);
  draft.projects.set(project.id, { ...project, deleted: stamp });
  for (const environment of draft.environments.values()) {
    if (environment.projectId !== project.id || environment.deleted !== undefined) continue;
    draft.environments.set(environment.id, { ...environment, deleted: stamp });
  }
}

/** `env.create` */
export function createEnvironment(context: RuleContext, payload: WorkspacePayload<"env.create">): void {
  const { draft, stamp } = context;
  const { id: projectId } = liveProject(context, payload.project);
  if (draft.environments.has(payload.env)) context.refuse("its environment was there before");
  draft.environments.set(payload.env, {
    id: payload.env,
    projectId,
    names: payload.names,
    protected: payload.protected,
    created: stamp,
    deleted: undefined,
    epochs: [],
    access: new Map(),
  });
}

/** `env.update` */
export function updateEnvironment(context: RuleContext, payload: WorkspacePayload<"env.update">): void {
  const environment = liveEnvironment(context, payload.project, payload.env);
  context.draft.environments.set(environment.id, { ...environment, names: payload.names });
}

/** `env.delete` */
export function deleteEnvironment(context: RuleContext, payload: WorkspacePayload<"env.delete">): void {
  const environment = liveEnvironment(context, payload.project, payload.env);
  context.draft.environments.set(environment.id, { ...environment, deleted: context.stamp });
}
