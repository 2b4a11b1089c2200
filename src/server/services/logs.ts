/**
 * Logs between the store and the ledger: rows to wire entries and back.
 *
 * @module
 */

import { LOG_PAGE_BYTES, LOG_PAGE_ENTRIES } from "../../contract/limits.ts";
import type { SignedEntry } from "../../contract/entry_fields.ts";
import { fromBase64Url, toBase64Url } from "../../kernel/encoding.ts";
import { AppError } from "../../kernel/error.ts";
import type { UserId } from "../../kernel/names.ts";
import { replayAccountLog } from "../../ledger/account_log.ts";
import type { AccountState } from "../../ledger/account_state.ts";
import type { ChainHead, ChainKey, EntryRow, PageLimit, ReadTransaction } from "../../ports/blob_store.ts";

/** One page of an answer. */
export const PAGE: PageLimit = { entries: LOG_PAGE_ENTRIES, bytes: LOG_PAGE_BYTES };
const EVERYTHING: PageLimit = { entries: Number.MAX_SAFE_INTEGER, bytes: Number.MAX_SAFE_INTEGER };

/** The entry as it came in. */
export function wireOf({ type, body, sigs }: Pick<EntryRow, "type" | "body" | "sigs">): SignedEntry {
  return { type, body: toBase64Url(body), sigs: JSON.parse(sigs) as SignedEntry["sigs"] };
}

/** The entry as it is stored, at its place in the chain. */
export function rowOf({ type, body, sigs }: SignedEntry, seq: number, hash: string): EntryRow {
  return { seq, hash, type, body: fromBase64Url(body)!, sigs: JSON.stringify(sigs) };
}

/** Rows of accepted entries; `hashes[seq − 1]` is the hash of entry `seq`. */
export function rowsOf(entries: readonly SignedEntry[], after: number, hashes: readonly string[]): EntryRow[] {
  return entries.map((entry, i) => rowOf(entry, after + 1 + i, hashes[after + i]!));
}

/** A page of a chain after `after`, and where the chain stands. */
export async function pageOf(
  tx: ReadTransaction,
  chain: ChainKey,
  after: number,
): Promise<{ entries: SignedEntry[]; head: ChainHead }> {
  const rows = await tx.entries(chain, after, PAGE);
  return { entries: rows.map(wireOf), head: await tx.head(chain) };
}

/** Every entry of a chain. */
export async function allEntries(tx: ReadTransaction, chain: ChainKey): Promise<SignedEntry[]> {
  return (await tx.entries(chain, 0, EVERYTHING)).map(wireOf);
}

/** The account as its stored log says. */
export async function accountState(tx: ReadTransaction, userId: UserId): Promise<AccountState> {
  return await trusted(async () => replayAccountLog(await allEntries(tx, { kind: "account", id: userId }), userId));
}

/** Runs `replay` of what is stored: if that is invalid, the database was changed from outside, and no caller is at fault. */
export async function trusted<T>(replay: () => Promise<T>): Promise<T> {
  try {
    return await replay();
  } catch (error) {
    if (error instanceof AppError && (error.code === "log_invalid" || error.code === "signature_invalid")) {
      throw new AppError("internal", undefined, { cause: error });
    }
    throw error;
  }
}
