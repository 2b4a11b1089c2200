/**
 * The workspace's audit: each source's hash chain, continued and signed by the source (docs/spec/protocol.md §7).
 *
 * @module
 */

import { auditHeadBodySchema, type PostAudit } from "../../contract/audit.ts";
import type { LogHead } from "../../contract/entry_fields.ts";
import { sha256 } from "../../crypto/verify/sha256.ts";
import { verifySignedEntry } from "../../crypto/verify/signed_entry.ts";
import { type Bytes, fromUtf8, lengthPrefixed } from "../../kernel/bytes.ts";
import { fromBase64Url, toBase64Url } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import { isAgentId, isDeviceId, type UserId, type WorkspaceId } from "../../kernel/names.ts";
import { activeDevices } from "../../ledger/account_state.ts";
import type { ReadTransaction } from "../../ports/blob_store.ts";
import { headMoved, position } from "../conditions.ts";
import type { SessionCall } from "../context.ts";
import type { ServiceOf } from "../routes.ts";
import { accountState, PAGE, rowOf, wireOf } from "./logs.ts";
import { workspaceParam } from "./workspaces.ts";

const NO_HASH = new Uint8Array(32);

export const postAudit: ServiceOf<"postAudit"> = {
  kind: "write",
  run: async (_parts, tx, call) => {
    const { id } = await workspaceParam(tx, call);
    const { source, after, events, head } = call.body;
    const current = await tx.auditHead(id, source);
    if (after !== (current?.seq ?? 0)) throw headMoved("the audit's chain", current);
    const key = await keyOf(tx, call, source);
    const next = continued(current?.hash, after, events);
    checkHead(call.body, id, key, next);
    await tx.appendAudit(id, source, after + 1, events, rowOf(head, next.seq, next.hash));
    return { value: { source, seq: next.seq } };
  },
};

/** The key that signs for `source`: an active device of the caller. */
async function keyOf(tx: ReadTransaction, call: SessionCall, source: string): Promise<string> {
  const devices = activeDevices(await accountState(tx, call.session.userId as UserId));
  const device = devices.find(({ id }) => id === source);
  if (device === undefined) throw new AppError("bad_request", { reason: "its source is not a device of the caller" });
  return device.key;
}

function continued(hash: string | undefined, after: number, events: readonly Bytes[]): LogHead {
  let at = hash === undefined ? NO_HASH : fromBase64Url(hash)!;
  for (const event of events) at = sha256(lengthPrefixed(at, event));
  return { seq: after + events.length, hash: toBase64Url(at) };
}

/** @throws {AppError} `signature_invalid`, `bad_request` */
function checkHead({ source, head }: PostAudit, ws: WorkspaceId, key: string, next: LogHead): void {
  const what = "the audit's head";
  const { type, body, signers } = verifySignedEntry(head, what);
  if (type !== "audit.head" || signers.length !== 1 || signers[0] !== key) {
    throw new AppError("signature_invalid", { what });
  }
  const said = auditHeadBodySchema().safeParse(jsonOf(body)).data;
  const matches = said?.ws === ws && said.source === source && said.seq === next.seq && said.hash === next.hash;
  if (!matches) throw new AppError("bad_request", { reason: "its head does not sign its events" });
}

function jsonOf(body: Bytes): unknown {
  try {
    return JSON.parse(fromUtf8(body));
  } catch {
    return undefined;
  }
}

export const getAudit: ServiceOf<"getAudit"> = {
  kind: "read",
  run: async (_parts, tx, call) => {
    const { id, role } = await workspaceParam(tx, call);
    if (role === "member") throw new AppError("role_required", { action: "read the audit", role: "admin" });
    const source = call.query.get("source") ?? undefined;
    if (source !== undefined && !isDeviceId(source) && !isAgentId(source)) {
      throw new AppError("bad_request", { reason: "its source is not one" });
    }
    const rows = await tx.auditEvents(id, source, position(call, "after"), PAGE);
    const heads = await tx.auditHeads(id, source);
    const events = rows.map((row) => ({ ...row, source: row.source as PostAudit["source"] }));
    return { value: { events, heads: heads.map(wireOf), more: rows.length === PAGE.entries } };
  },
};
