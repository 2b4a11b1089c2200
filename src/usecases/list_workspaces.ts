/** `workspace list`: the workspaces of this account, each from its own verified log. @module */

import type { WorkspaceId, WorkspaceName } from "../kernel/names.ts";
import type { Ports } from "./ports.ts";

export interface WorkspaceView {
  readonly id: WorkspaceId;
  readonly name: WorkspaceName;
  /** `personal` while its founder is the only member, then `team`: what stands in brackets in `→ Name (type)`. */
  readonly type: "personal" | "team";
  readonly role: string;
  readonly active: boolean;
  /** Milliseconds since the epoch. */
  readonly createdAt: number;
}

export type ListWorkspacesPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** Sorted by name. @throws {AppError} `not_logged_in`, `log_invalid`, `pin_mismatch`, `server_unreachable` */
export declare function listWorkspaces(
  ports: ListWorkspacesPorts,
  signal?: AbortSignal,
): Promise<readonly WorkspaceView[]>;
