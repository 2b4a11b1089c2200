/**
 * Accepting environment commits (docs/spec/protocol.md §4.4): `seq = current + 1`, matching `prev`, current epoch, an author who
 * may write now, a recomputed root, and exactly the envelopes that the commit names. All of it is checked inside the
 * transaction that writes, so of two writers with the same place one wins and the other is told where the head went.
 *
 * @module
 */

import type { SignedEntry } from "../../contract/entry_fields.ts";
import { type EnvironmentCommitBody, environmentCommitBody } from "../../contract/environment_commits.ts";
import { sha256Text } from "../../crypto/verify/sha256.ts";
import { type Bytes, equalBytes, fromUtf8, u32be } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { ProjectId, Sid, UserId } from "../../kernel/names.ts";
import { appendCommits } from "../../ledger/environment_chain.ts";
import type { EnvironmentState } from "../../ledger/environment_state.ts";
import type { ChainHead, EntryRow, ReadTransaction, VersionRow } from "../../ports/blob_store.ts";
import { expectHead } from "../conditions.ts";
import type { ServiceOf } from "../routes.ts";
import { environmentParam, type Readable } from "./environments.ts";
import { fromBase64Url } from "../../kernel/encoding.ts";
import { rowOf } from "./logs.ts";
import { loadWorkspace } from "./workspace_state.ts";

/** "AS", suite 1, kind 1 (docs/spec/protocol.md §3); the epoch follows. */
const SECRET_HEADER = new Uint8Array([0x41, 0x53, 1, 1]);

function refuse(reason: string): never {
  throw new AppError("bad_request", { reason });
}

export const postCommit: ServiceOf<"postCommit"> = {
  kind: "write",
  run: async (parts, tx, call) => {
    const environment = await environmentParam(tx, call);
    if (!environment.write) {
      throw new AppError("role_required", { action: "write to this environment", role: "member with write access" });
    }
    const chain = { kind: "environment", id: environment.environmentId } as const;
    const head = await tx.head(chain);
    expectHead(call, head, "the environment");
    const { commit, envelopes } = call.body;
    const body = bodyOf(commit);
    if (!("user" in body.author) || body.author.user !== call.session.userId) {
      refuse("its commit is another author's");
    }
    const { state: workspace, accounts } = await loadWorkspace(tx, environment.workspaceId, [
      call.session.userId as UserId,
    ]);
    const before = await stateOf(tx, environment, head);
    const after = appendCommits(before, [commit], { workspace, accounts, now: parts.clock.now() });
    const versions = versionRows(body, envelopes);
    await tx.append(chain, [rowOf(commit, after.head!.seq, after.head!.hash)]);
    await tx.insertVersions(environment.environmentId, versions);
    return { value: { head: after.head! }, version: after.head!.seq };
  },
};

/** Read before it is verified, to know what to load; `appendCommits` then verifies the same bytes. */
function bodyOf(commit: SignedEntry): EnvironmentCommitBody {
  try {
    const parsed = environmentCommitBody.safeParse(JSON.parse(fromUtf8(fromBase64Url(commit.body)!)));
    if (parsed.success) return parsed.data;
  } catch {
    // Neither JSON nor text: the same refusal.
  }
  return refuse("its commit is not of a known form");
}

/** The environment as stored: what the next commit must follow. */
async function stateOf(tx: ReadTransaction, row: Readable, head: ChainHead): Promise<EnvironmentState> {
  const { environmentId: env, workspaceId: ws } = row;
  const items = (await tx.items(env)).map(({ sid, ver, h }) => ({ sid: sid as Sid, ver, h }));
  return {
    place: { ws, project: row.projectId as ProjectId, env },
    head: head ?? undefined,
    wsSeq: head === null ? 0 : wsSeqOf(await tx.entries({ kind: "environment", id: env }, head.seq - 1, LAST)),
    items: new Map(items.map((item) => [item.sid, item])),
  };
}

const LAST = { entries: 1, bytes: 0 };

function wsSeqOf([last]: readonly EntryRow[]): number {
  return environmentCommitBody.parse(JSON.parse(fromUtf8(last!.body))).ws_head.seq;
}

/** A row for each change, each `set` with the one envelope whose hash it names. */
function versionRows({ seq, epoch, changes }: EnvironmentCommitBody, envelopes: readonly Bytes[]): VersionRow[] {
  const given = new Map(envelopes.map((envelope) => [sha256Text(envelope), envelope]));
  const rows = changes.map(({ sid, ver, h }): VersionRow => {
    if (h === null) return { sid, ver, h, seq, envelope: null };
    const envelope = given.get(h) ?? refuse("an envelope that its commit names is missing");
    if (!isSecretEnvelope(envelope, epoch)) refuse("an envelope is not a secret's of its epoch");
    return { sid, ver, h, seq, envelope };
  });
  const used = new Set(changes.flatMap(({ h }) => h ?? []));
  if (used.size !== envelopes.length) refuse("it holds an envelope that its commit does not name, or one twice");
  return rows;
}

/** Only the header is readable here. An envelope of another epoch could not be opened by those who hold the current key. */
function isSecretEnvelope(envelope: Bytes, epoch: number): boolean {
  return equalBytes(envelope.subarray(0, 4), SECRET_HEADER) && equalBytes(envelope.subarray(4, 8), u32be(epoch));
}
