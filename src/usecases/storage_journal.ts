/**
 * `storage-move.json`: from which vault to which this home moves. It is there from before the first item is copied until the former
 * vault is gone, so that whoever comes after a kill knows what is left over. config.json alone says which of the two is in force;
 * the journal decides nothing.
 *
 * @module
 */

import { utf8 } from "../kernel/bytes.ts";
import type { Files } from "../ports/files.ts";
import { type Config, isSameVault, parseVault, type VaultChoice, vaultToFile } from "../vault/config.ts";
import { lockPath, type Places } from "../vault/places.ts";
import { StrictJson } from "../vault/strict_json.ts";

const VERSION = 1;

/** A move under way, or cut off. */
export interface StorageJournal {
  readonly profile: string;
  readonly from: VaultChoice;
  readonly to: VaultChoice;
}

type JournalPorts = { readonly files: Files; readonly places: Places };

/** Held by a move, and by what must not meet one: a sealed vault opens with the password that the account has. */
export function storageLock({ places }: Pick<JournalPorts, "places">): string {
  return lockPath(places, "storage");
}

/** The journal, or undefined when no move is unfinished. @throws {AppError} `config_damaged`, `unsupported_format`, `file_unreadable` */
export async function readJournal({ files, places }: JournalPorts): Promise<StorageJournal | undefined> {
  const path = journalPath(places);
  const bytes = await files.read(path, { regularOnly: true });
  if (bytes === undefined) return undefined;
  const root = StrictJson.parse(path, bytes);
  root.version(VERSION);
  root.onlyFields("version", "profile", "from", "to");
  return {
    profile: root.field("profile").text((text): text is string => /^[a-z2-7]{16}$/.test(text)),
    from: parseVault(root.field("from")),
    to: parseVault(root.field("to")),
  };
}

/** @throws {AppError} `file_unwritable`, `disk_full` */
export async function writeJournal({ files, places }: JournalPorts, journal: StorageJournal): Promise<void> {
  const { profile, from, to } = journal;
  const json = { version: VERSION, profile, from: vaultToFile(from), to: vaultToFile(to) };
  await files.write(journalPath(places), utf8(`${JSON.stringify(json, undefined, 2)}\n`), { mode: 0o600 });
}

/** @throws {AppError} `file_unwritable` */
export async function removeJournal({ files, places }: JournalPorts): Promise<void> {
  await files.remove(journalPath(places));
}

/** Of the two vaults of a journal the one that the home does not use: a copy that never came into force, or what it replaced. */
export function leftOver(journal: StorageJournal, config: Config): VaultChoice | undefined {
  if (journal.profile !== config.profile) return undefined;
  if (isSameVault(config.vault, journal.to)) return journal.from;
  return isSameVault(config.vault, journal.from) ? journal.to : undefined;
}

function journalPath({ home }: Places): string {
  return `${home}/storage-move.json`;
}
