/** `workspace allowlist list` and the changes of `log`: read from the verified workspace log, never from a file. @module */

import type { UserId, WorkspaceName } from "../kernel/names.ts";
import type { AllowlistVersion } from "../ledger/workspace_state.ts";
import { type OpenWorkspace, openWorkspace, type WorkspacePorts } from "./open_workspace.ts";

export interface AllowlistEntryView {
  /** Normalised. */
  readonly entry: string;
  /** E-mail of who added it where it is known, else the user id. */
  readonly addedBy: string;
  readonly addedById: UserId;
  /** Milliseconds since the epoch, as the signed entry says. */
  readonly addedAt: number;
}

export interface AllowlistView {
  readonly workspace: WorkspaceName;
  /** 0 when nothing was ever allowed. */
  readonly version: number;
  /** In the signed list's order. */
  readonly entries: readonly AllowlistEntryView[];
}

export interface AllowlistChangeView {
  readonly version: number;
  readonly at: number;
  readonly by: string;
  readonly byId: UserId;
  readonly added: readonly string[];
  readonly removed: readonly string[];
}

export type ListAllowlistPorts = WorkspacePorts;

/** @throws {AppError} `not_logged_in`, `workspace_not_found`, `log_invalid`, `pin_mismatch` */
export async function listAllowlist(ports: ListAllowlistPorts, signal?: AbortSignal): Promise<AllowlistView> {
  using workspace = await openWorkspace(ports, {}, signal);
  return viewAllowlist(workspace);
}

/** Oldest first. Blocked attempts are in the proxy's audit log, not here. @throws {AppError} as {@linkcode listAllowlist} */
export async function listAllowlistChanges(
  ports: ListAllowlistPorts,
  signal?: AbortSignal,
): Promise<readonly AllowlistChangeView[]> {
  using workspace = await openWorkspace(ports, {}, signal);
  const { allowlist } = workspace.state;
  return allowlist.map(({ version, rules, stamp }, i) => {
    const before = allowlist[i - 1]?.rules ?? [];
    return {
      version,
      at: stamp.at,
      by: personOf(workspace, stamp.by),
      byId: stamp.by,
      added: rules.filter((rule) => !before.includes(rule)),
      removed: before.filter((rule) => !rules.includes(rule)),
    };
  });
}

/** The list in force, each entry with the change that brought it. */
export function viewAllowlist(workspace: OpenWorkspace): AllowlistView {
  const { name, allowlist, state } = workspace;
  return {
    workspace: name,
    version: allowlist.version,
    entries: allowlist.rules.map((entry) => {
      const { stamp } = addition(state.allowlist, entry);
      return { entry, addedBy: personOf(workspace, stamp.by), addedById: stamp.by, addedAt: stamp.at };
    }),
  };
}

/** The first version of the unbroken run, up to now, that has the rule. */
function addition(versions: readonly AllowlistVersion[], rule: string): AllowlistVersion {
  const without = versions.findLastIndex(({ rules }) => !rules.includes(rule));
  return versions[without + 1]!;
}

function personOf({ device }: OpenWorkspace, user: UserId): string {
  return user === device.userId ? device.email : user;
}
