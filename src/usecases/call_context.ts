/**
 * Where a use of secrets happens: the environment that was meant, the rules of its freshly verified workspace, and the recorder.
 *
 * @module
 */

import type { AuditRecorder, NewestPlace } from "../proxy/audit_recorder.ts";
import type { CallContext } from "../proxy/door.ts";
import { openRecorder } from "./audit_log.ts";
import type { WorldWithEngine } from "./engine_ports.ts";
import { type EnvironmentPlace, findEnvironment } from "./open_environment.ts";
import { type OpenWorkspace, openWorkspace } from "./open_workspace.ts";
import type { Selection } from "./scope.ts";
import type { VerifiedLogs } from "./verified_logs.ts";

/** Disposing of it closes the device that signs its records. */
export interface OpenCallContext extends Disposable {
  readonly context: CallContext;
  readonly place: EnvironmentPlace;
  readonly audit: AuditRecorder;
  readonly workspace: OpenWorkspace;
}

/** @throws {AppError} as `openWorkspace` and `findEnvironment` */
export async function openCallContext(
  ports: WorldWithEngine,
  selection: Selection,
  signal?: AbortSignal,
  logs?: VerifiedLogs,
  newest?: NewestPlace,
): Promise<OpenCallContext> {
  const { folder } = selection;
  const options = { ...(folder === undefined ? {} : { folder }), ...(logs === undefined ? {} : { logs }) };
  const workspace = await openWorkspace(ports, options, signal);
  try {
    const place = await findEnvironment(ports, workspace, selection, signal);
    const { workspaceId, projectId, environmentId } = place;
    const context = {
      scope: { workspaceId, projectId, environmentId },
      environment: place.environment,
      allowlist: { version: workspace.allowlist.version, entries: workspace.allowlist.rules },
      callerRole: workspace.role,
    };
    const audit = await openRecorder(ports, workspace.device, newest);
    return { context, place, audit, workspace, [Symbol.dispose]: () => workspace[Symbol.dispose]() };
  } catch (error) {
    workspace[Symbol.dispose]();
    throw error;
  }
}

/** The parts of a selection that were given. */
export function selectionOf(names: Selection): Selection {
  return {
    ...(names.folder === undefined ? {} : { folder: names.folder }),
    ...(names.project === undefined ? {} : { project: names.project }),
    ...(names.environment === undefined ? {} : { environment: names.environment }),
  };
}
