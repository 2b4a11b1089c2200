/**
 * Sealed keys and wraps that come with entries: exactly those that the entries name by hash, no fewer and no more, so nothing
 * can be stored here that no signature speaks of.
 *
 * @module
 */

import type { WorkspaceEntryBody } from "../../contract/workspace_entries.ts";
import type { BlobUpload, GrantUpload } from "../../contract/workspaces.ts";
import { sha256Text } from "../../crypto/verify/sha256.ts";
import type { Bytes } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import { grantReferences, wrapReferences } from "../../ledger/references.ts";
import type { BlobRow, GrantRow } from "../../ports/blob_store.ts";

function refuse(reason: string): never {
  throw new AppError("bad_request", { reason });
}

/** Rows for the grants that `bodies` name. @throws {AppError} `bad_request` */
export function grantRows(bodies: readonly WorkspaceEntryBody[], uploads: readonly GrantUpload[]): GrantRow[] {
  const keyOf = (recipient: string, hash: string): string => `${recipient} ${hash}`;
  const given = new Map(uploads.map(({ recipient, sealed }) => [keyOf(recipient, sha256Text(sealed)), sealed]));
  const rows = new Map<string, GrantRow>();
  for (const body of bodies) {
    for (const { recipient, hash } of grantReferences(body)) {
      const sealed = given.get(keyOf(recipient, hash)) ?? refuse("a grant that its entries name is missing");
      rows.set(`${keyOf(recipient, hash)} ${body.seq}`, { recipient, hash, entrySeq: body.seq, sealed });
    }
  }
  refuseUnused(uploads.length, new Set([...rows.values()].map((row) => keyOf(row.recipient, row.hash))), "grant");
  return [...rows.values()];
}

/** Rows for the wraps that `bodies` name. @throws {AppError} `bad_request` */
export function blobRows(bodies: readonly WorkspaceEntryBody[], uploads: readonly BlobUpload[]): BlobRow[] {
  const given = new Map<string, Bytes>(uploads.map(({ data }) => [sha256Text(data), data]));
  const rows = new Map<string, BlobRow>();
  for (const body of bodies) {
    for (const { hash } of wrapReferences(body)) {
      const data = given.get(hash) ?? refuse("a blob that its entries name is missing");
      rows.set(`${hash} ${body.seq}`, { hash, entrySeq: body.seq, data });
    }
  }
  refuseUnused(uploads.length, new Set([...rows.values()].map(({ hash }) => hash)), "blob");
  return [...rows.values()];
}

function refuseUnused(uploaded: number, used: ReadonlySet<string>, what: string): void {
  if (uploaded !== used.size) refuse(`it holds a ${what} that its entries do not name, or one twice`);
}
