/**
 * Founding a workspace: its genesis (whose hash is its id), its key sealed to the founder, and its name under that key. Signed by
 * A, because a workspace's founder decides who governs it.
 *
 * @module
 */

import type { SyncClient } from "../cloud/client.ts";
import type { Session } from "../contract/auth.ts";
import type { WorkspacePolicy } from "../contract/workspace_terms.ts";
import { generateKey, keyCommit, sealWorkspaceGrant } from "../crypto/grants.ts";
import type { SigningKey } from "../crypto/keys.ts";
import { sealNames } from "../crypto/sealed_names.ts";
import { signEntry } from "../crypto/sign_entry.ts";
import { fromBase64Url, toBase64Url } from "../kernel/encoding.ts";
import { AppError } from "../kernel/error.ts";
import type { WorkspaceName } from "../kernel/names.ts";
import { type AccountState, receivingKey } from "../ledger/account_state.ts";
import { authorOf, buildWorkspaceGenesis } from "../ledger/build_entry.ts";
import { replayWorkspaceLog } from "../ledger/workspace_log.ts";
import type { WorkspaceState } from "../ledger/workspace_state.ts";
import { WorkspaceBatch } from "./append_workspace.ts";
import type { Ports } from "./ports.ts";

const DAY_S = 24 * 3600;

/** What a new workspace's policy is until an owner signs another (docs/spec/protocol.md §4, §5). */
const FIRST_POLICY: WorkspacePolicy = {
  invite_confirm: "sensitive",
  offline_grace: { standard: 7 * DAY_S, protected: DAY_S },
  audit_mode: "local",
};

/** Who founds it, with A at hand. */
export interface Founder {
  readonly account: AccountState;
  readonly admin: SigningKey;
  readonly stepUp: Session;
}

/**
 * Founds a workspace on the server and gives it as replayed here.
 *
 * @throws {AppError} `log_invalid` when the server took it for another one
 */
export async function foundWorkspace(
  ports: Pick<Ports, "clock" | "random">,
  client: SyncClient,
  founder: Founder,
  name: WorkspaceName,
  signal?: AbortSignal,
): Promise<WorkspaceState> {
  const { account, admin, stepUp } = founder;
  const { userId } = account;
  const author = authorOf(account, admin.publicKeyText);
  const ts = ports.clock.now();
  const nonce = toBase64Url(ports.random(32));
  const genesis = buildWorkspaceGenesis({ author, nonce, policy: FIRST_POLICY, ts });
  const ws = genesis.id, epoch = 1;
  const batch = new WorkspaceBatch(genesis, author, admin, ts);
  using key = generateKey(ports.random);
  const grant = sealWorkspaceGrant({ ws, epoch }, key, fromBase64Url(receivingKey(account))!, ports.random);
  batch.add("ws.rotate", {
    epoch,
    key_commit: keyCommit({ ws, epoch }, key),
    prev_wrap_hash: null,
    recipients: [batch.seal(userId, grant)],
  });
  batch.add("ws.update", { names: sealNames(key, { ws, id: ws, epoch }, { name }, ports.random) });
  const entries = [signEntry(genesis, admin), ...batch.entries];
  const state = replayWorkspaceLog(entries, new Map([[userId, account]]), ws);
  const created = await client.createWorkspace({ entries, grants: batch.grants, blobs: [] }, { stepUp }, signal);
  if (created.workspace_id !== ws) {
    throw new AppError("log_invalid", { log: "workspace log", seq: 1, reason: "another id" });
  }
  return state;
}
