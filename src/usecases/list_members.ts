/** `workspace members`: who the verified log says belongs to the workspace. @module */

import type { UserId } from "../kernel/names.ts";
import type { Ports } from "./ports.ts";

export interface MemberView {
  readonly userId: UserId;
  /** Known for oneself; the log names people by id, so others show theirs when the server's directory tells it. */
  readonly email?: string;
  readonly role: string;
  readonly isMe: boolean;
  /** 30 digits in groups of five: to compare in person. */
  readonly fingerprint: string;
  readonly joinedAt: number;
}

export type ListMembersPorts = Pick<Ports, "clock" | "random" | "files" | "places" | "keychain" | "transport">;

/** @throws {AppError} `not_logged_in`, `workspace_not_found`, `log_invalid`, `pin_mismatch` */
export declare function listMembers(ports: ListMembersPorts, signal?: AbortSignal): Promise<readonly MemberView[]>;
