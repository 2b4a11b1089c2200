/** `workspace members`: who the verified log says belongs to the workspace. @module */

import type { UserId } from "../kernel/names.ts";
import { accountFingerprint } from "../ledger/account_state.ts";
import { currentMembers } from "../ledger/workspace_state.ts";
import { openWorkspace, type WorkspacePorts } from "./open_workspace.ts";

export interface MemberView {
  readonly userId: UserId;
  /** Known for oneself; the log names people by id. */
  readonly email?: string;
  readonly role: string;
  readonly isMe: boolean;
  /** 30 digits in groups of five: to compare in person. */
  readonly fingerprint: string;
  /** Milliseconds since the epoch. */
  readonly joinedAt: number;
}

export type ListMembersPorts = WorkspacePorts;

/** In joining order. @throws {AppError} `not_logged_in`, `workspace_not_found`, `log_invalid`, `pin_mismatch` */
export async function listMembers(ports: ListMembersPorts, signal?: AbortSignal): Promise<readonly MemberView[]> {
  using workspace = await openWorkspace(ports, {}, signal);
  const { device, state, accounts } = workspace;
  return currentMembers(state).map(({ userId, role }) => {
    const isMe = userId === device.userId;
    return {
      userId,
      ...(isMe ? { email: device.email } : {}),
      role,
      isMe,
      fingerprint: accountFingerprint(accounts.get(userId)!),
      joinedAt: state.members.get(userId)!.joined.at,
    };
  });
}
