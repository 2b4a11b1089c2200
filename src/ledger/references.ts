/**
 * Which uploads an entry speaks of: sealed grants and wraps travel beside the entries, and the server stores them by hash.
 *
 * @module
 */

import type { InviteId, RecipientId } from "../contract/entry_fields.ts";
import type { WorkspaceEntryBody } from "../contract/workspace_entries.ts";
import { workspaceEntryBody } from "../contract/workspace_entries.ts";
import type { SignedEntry } from "../contract/entry_fields.ts";
import type { EnvironmentId } from "../kernel/names.ts";
import { openEntry } from "./log_chain.ts";

/** Whose key a grant or wrap holds: the workspace's, or an environment's. */
export type KeyScope = "workspace" | EnvironmentId;

/** A sealed box that must come with an entry. */
export interface GrantReference {
  readonly recipient: RecipientId | InviteId;
  readonly scope: KeyScope;
  readonly epoch: number;
  /** base64url of SHA-256(sealed box). */
  readonly hash: string;
}

/** A previous-key envelope (kind 4) that must come with a rotation. */
export interface WrapReference {
  readonly scope: KeyScope;
  /** The new epoch. */
  readonly epoch: number;
  /** base64url of SHA-256(envelope). */
  readonly hash: string;
}

/**
 * A workspace entry's verified body.
 *
 * @throws {AppError} `signature_invalid`, `log_invalid`
 */
export function readWorkspaceEntry(entry: SignedEntry, seq: number): WorkspaceEntryBody {
  return openEntry(entry, workspaceEntryBody, "workspace log", seq).body;
}

/** The sealed boxes that must be uploaded with `body`; each hash once per recipient and scope. */
export function grantReferences(body: WorkspaceEntryBody): GrantReference[] {
  switch (body.type) {
    case "env.rotate":
    case "ws.rotate": {
      const scope = body.type === "env.rotate" ? body.payload.env : "workspace";
      const { epoch, recipients } = body.payload;
      return recipients.map(({ id, grant_hash }) => ({ recipient: id, scope, epoch, hash: grant_hash }));
    }
    case "env.grant": {
      const { recipient, env, epoch, grant_hash } = body.payload;
      return [{ recipient, scope: env, epoch, hash: grant_hash }];
    }
    case "member.invite":
      return sealedReferences(body.payload.invite_id, body.payload.sealed);
    case "member.join":
      return sealedReferences(body.payload.user_id, body.payload.sealed);
    case "member.add": {
      const { user_id, ws_grant, grants } = body.payload;
      return sealedReferences(user_id, { ws: ws_grant, envs: grants });
    }
    case "agent.add":
      return body.payload.grants.map(({ env, epoch, grant_hash }) => {
        return { recipient: body.payload.agent_id, scope: env, epoch, hash: grant_hash };
      });
    default:
      return [];
  }
}

interface Sealed {
  readonly ws: { readonly epoch: number; readonly grant_hash: string };
  readonly envs: readonly { readonly env: EnvironmentId; readonly epoch: number; readonly grant_hash: string }[];
}

function sealedReferences(recipient: RecipientId | InviteId, sealed: Sealed | null): GrantReference[] {
  if (sealed === null) return [];
  return [
    { recipient, scope: "workspace" as const, epoch: sealed.ws.epoch, hash: sealed.ws.grant_hash },
    ...sealed.envs.map(({ env, epoch, grant_hash }) => ({ recipient, scope: env, epoch, hash: grant_hash })),
  ];
}

/** The wraps of previous keys that must be uploaded with `body`. */
export function wrapReferences(body: WorkspaceEntryBody): WrapReference[] {
  if (body.type !== "env.rotate" && body.type !== "ws.rotate") return [];
  const { epoch, prev_wrap_hash: hash } = body.payload;
  return hash === null ? [] : [{ scope: body.type === "env.rotate" ? body.payload.env : "workspace", epoch, hash }];
}
