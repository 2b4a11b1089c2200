/**
 * Writing to a workspace's log: entries are built on the verified head, judged here by the same rules as everywhere, sent as one
 * batch with what they seal, and pinned once the server has them.
 *
 * @module
 */

import type { WorkspaceEntryType, WorkspacePayload } from "../contract/workspace_entries.ts";
import type { SignedEntry, UserAuthor } from "../contract/entry_fields.ts";
import type { Session } from "../contract/auth.ts";
import type { BlobUpload, GrantUpload } from "../contract/workspaces.ts";
import type { SealedGrant } from "../crypto/grants.ts";
import type { SigningKey } from "../crypto/keys.ts";
import { signEntry } from "../crypto/sign_entry.ts";
import { AppError, isAppError } from "../kernel/error.ts";
import type { AgentId, UserId } from "../kernel/names.ts";
import { authorOf, buildWorkspaceEntry, type WorkspacePosition } from "../ledger/build_entry.ts";
import { appendWorkspaceEntries } from "../ledger/workspace_log.ts";
import { currentAllowlist, roleOf } from "../ledger/workspace_state.ts";
import { type OpenWorkspace, type VerifyPorts, verifyWorkspace, workspaceChain } from "./open_workspace.ts";
import { advancePins } from "./pin_store.ts";
import type { Ports } from "./ports.ts";
import { openWorkspaceNames } from "./workspace_names.ts";

/** How often a batch is built anew because another process wrote in between. */
const MAX_ATTEMPTS = 4;

export type AppendPorts = VerifyPorts & Pick<Ports, "clock">;

/** Entries that go to the log together, all or none. */
export class WorkspaceBatch {
  readonly entries: SignedEntry[] = [];
  readonly grants: GrantUpload[] = [];
  readonly blobs: BlobUpload[] = [];
  #at: WorkspacePosition;
  readonly #author: UserAuthor;
  readonly #key: SigningKey;
  readonly #now: number;

  /** @param now Milliseconds since the epoch: when the entries say they were written. */
  constructor(at: WorkspacePosition, author: UserAuthor, key: SigningKey, now: number) {
    [this.#at, this.#author, this.#key, this.#now] = [at, author, key, now];
  }

  /** Adds the next entry, signed. */
  add<T extends Exclude<WorkspaceEntryType, "ws.create">>(type: T, payload: WorkspacePayload<T>): void {
    const entry = buildWorkspaceEntry(this.#at, this.#author, type, payload, this.#now);
    this.entries.push(signEntry(entry, this.#key));
    this.#at = entry;
  }

  /** Adds a sealed key that an entry of this batch names, and gives what the entry says of it. */
  seal(recipient: UserId | AgentId, { grant, enc_pk_hash, grant_hash }: SealedGrant): {
    readonly id: UserId | AgentId;
    readonly enc_pk_hash: string;
    readonly grant_hash: string;
  } {
    this.grants.push({ recipient, sealed: grant });
    return { id: recipient, enc_pk_hash, grant_hash };
  }
}

/** Who signs: the device's D unless A was unlocked. */
export interface Signer {
  readonly key: SigningKey;
  readonly stepUp?: Session;
}

/**
 * Appends what `write` puts into a batch. When another process was faster the workspace is verified anew and `write` called
 * again, so it must decide everything from the workspace it is given.
 *
 * @returns The workspace after it; disposing of it and of the one before is the caller's (both share the device).
 * @throws {AppError} `head_moved` after several attempts, `role_required`, `log_invalid`, and those of `write`
 */
export async function appendToWorkspace(
  ports: AppendPorts,
  workspace: OpenWorkspace,
  write: (batch: WorkspaceBatch, workspace: OpenWorkspace) => void,
  signer: Signer = { key: workspace.device.deviceKey },
  signal?: AbortSignal,
): Promise<OpenWorkspace> {
  let current = workspace;
  for (let attempt = 1;; attempt++) {
    try {
      return await appendOnce(ports, current, write, signer, signal);
    } catch (error) {
      if (!isAppError(error, "head_moved") || attempt === MAX_ATTEMPTS) throw error;
      current = await verifyWorkspace(ports, workspace.device, workspace.client, workspace.id, signal);
    }
  }
}

async function appendOnce(
  ports: AppendPorts,
  workspace: OpenWorkspace,
  write: (batch: WorkspaceBatch, workspace: OpenWorkspace) => void,
  signer: Signer,
  signal?: AbortSignal,
): Promise<OpenWorkspace> {
  const { state, client, accounts, account, device } = workspace;
  const batch = new WorkspaceBatch(state, authorOf(account, signer.key.publicKeyText), signer.key, ports.clock.now());
  write(batch, workspace);
  const { entries, grants, blobs } = batch;
  // By our own rules first: what we would refuse from others we do not send.
  const next = appendWorkspaceEntries(state, entries, accounts);
  const options = signer.stepUp === undefined ? {} : { stepUp: signer.stepUp };
  await client.appendWorkspaceLog(state.id, state.head.seq, { entries, grants, blobs }, options, signal);
  await advancePins(ports, device, client, { workspaces: new Map([[state.id, workspaceChain(next)]]) }, signal);
  const names = openWorkspaceNames(next, workspace.keys);
  const role = roleOf(next, device.userId) ?? workspace.role;
  return { ...workspace, state: next, names, name: names.workspace, role, allowlist: currentAllowlist(next) };
}

/** Refuses early and in words what the log's rules would refuse anyway. @throws {AppError} `role_required` */
export function requireAdmin(workspace: OpenWorkspace, action: string): void {
  if (workspace.role === "member") throw new AppError("role_required", { action, role: "admin" });
}
