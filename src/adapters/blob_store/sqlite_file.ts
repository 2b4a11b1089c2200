/**
 * Opening the database file: made whole or not at all, readable by its owner only, and refused when it is damaged, foreign
 * or newer than this program.
 *
 * A new database is made beside its place and linked there when it is complete. So a file at its place was complete once:
 * an empty or half-written one is damage, never a beginning.
 *
 * @module
 */

import {
  chmodSync,
  closeSync,
  fsyncSync,
  linkSync,
  lstatSync,
  openSync,
  readdirSync,
  type Stats,
  statSync,
  unlinkSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AppError } from "../../kernel/error.ts";
import { APPLICATION_ID, checksum, type Migration, MIGRATIONS } from "./migrations.ts";
import { fileError } from "./sqlite_errors.ts";

/** How long a statement waits inside SQLite before the store's own, patient retry takes over. */
const BUSY_SLICE_MS = 50;
/** A half-made database older than this belongs to nobody. */
const ABANDONED_MS = 60_000;

/** What to open. */
export interface SqliteFile {
  /** Absolute path. */
  readonly path: string;
  /** Set when data is known to be there: a missing file is then damage, not a beginning. */
  readonly mustExist?: boolean;
  /** Distinguishes the temporary files of processes; unique. */
  readonly suffix: string;
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Most pages of 4 KiB that the file may have; by default the disk is the limit. */
  readonly maxPages?: number;
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/**
 * An open database with the newest schema.
 *
 * @throws {AppError} `database_damaged`, `unsupported_format`, `database_busy`, `disk_full`, `file_unwritable`
 */
export function openSqliteFile(file: SqliteFile): DatabaseSync {
  try {
    if (!isThere(file.path)) {
      if (file.mustExist === true) throw damaged(file.path, "it is missing");
      create(file);
    }
    protect(file.path);
    return openExisting(file);
  } catch (error) {
    throw fileError(error, file.path);
  }
}

function damaged(path: string, reason: string): AppError {
  return new AppError("database_damaged", { path, reason });
}

function isThere(path: string): boolean {
  const found = statOrUndefined(path);
  if (found === undefined) return false;
  if (!found.isFile()) throw damaged(path, "it is not a file");
  if (found.size === 0) throw damaged(path, "it is empty");
  return true;
}

function statOrUndefined(path: string): Stats | undefined {
  // lstat: a symbolic link must not lead the database to another place.
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Nobody but the owner reads the database, whatever the umask was; SQLite gives -wal and -shm the database's mode. */
function protect(path: string): void {
  for (const one of [path, `${path}-wal`, `${path}-shm`]) {
    const found = statSync(one, { throwIfNoEntry: false });
    if (found !== undefined && (found.mode & 0o077) !== 0) chmodSync(one, 0o600);
  }
}

/** Makes a complete database at `path`, unless another process does so first; then that one is used. */
function create({ path, suffix, nowMs, migrations }: SqliteFile): void {
  removeAbandoned(path, nowMs);
  const made = `${path}.new-${suffix}`;
  closeSync(openSync(made, "wx", 0o600));
  try {
    const db = new DatabaseSync(made);
    try {
      db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA application_id = ${APPLICATION_ID}`);
      migrate(db, 0, migrations ?? MIGRATIONS, nowMs);
    } finally {
      db.close();
    }
    syncFile(made);
    link(made, path);
  } finally {
    for (const one of [made, `${made}-wal`, `${made}-shm`]) remove(one);
  }
  syncFile(dirname(path));
}

function link(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EEXIST") throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // Not there, or not ours to remove: the next creation tries again.
  }
}

function removeAbandoned(path: string, nowMs: number): void {
  const folder = dirname(path), prefix = `${basename(path)}.new-`;
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(prefix)) continue;
    const found = statOrUndefined(join(folder, name));
    if (found !== undefined && nowMs - found.mtimeMs > ABANDONED_MS) remove(join(folder, name));
  }
}

function syncFile(path: string): void {
  const fd = openSync(path, "r");
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

function openExisting({ path, nowMs, maxPages, migrations = MIGRATIONS }: SqliteFile): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_SLICE_MS}; PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF`);
    if (pragma(db, "application_id") !== APPLICATION_ID) throw damaged(path, "it belongs to another program");
    if (pragma(db, "journal_mode") !== "wal") db.exec("PRAGMA journal_mode = WAL");
    if (maxPages !== undefined) db.exec(`PRAGMA max_page_count = ${Math.trunc(maxPages)}`);
    const version = checkHistory(db, path, migrations);
    if (version < migrations.length) migrate(db, version, migrations, nowMs);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function pragma(db: DatabaseSync, name: "application_id" | "journal_mode" | "user_version"): unknown {
  return db.prepare(`PRAGMA ${name}`).get()?.[name];
}

/** The schema's version, after comparing every step the database took with ours. */
function checkHistory(db: DatabaseSync, path: string, migrations: readonly Migration[]): number {
  const version = Number(pragma(db, "user_version"));
  if (version > migrations.length) {
    throw new AppError("unsupported_format", { what: `the database ${path}`, version: String(version) });
  }
  const taken = db.prepare("SELECT version, checksum FROM migration ORDER BY version").all();
  const same = taken.length === version &&
    taken.every((row, i) => row["version"] === i + 1 && row["checksum"] === checksum(migrations[i]!));
  if (!same) throw damaged(path, "its schema is not one that agentsecrets made");
  return version;
}

/** Takes the steps after `from`, all or none. Another process may have taken them meanwhile: that is seen and fine. */
function migrate(db: DatabaseSync, from: number, migrations: readonly Migration[], nowMs: number): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    if (Number(pragma(db, "user_version")) === from) {
      if (from === 0) {
        db.exec(
          "CREATE TABLE migration (version INTEGER PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, taken_ms INTEGER NOT NULL) STRICT",
        );
      }
      const note = db.prepare("INSERT INTO migration VALUES (?, ?, ?, ?)");
      for (const step of migrations.slice(from)) {
        db.exec(step.sqlite);
        note.run(step.version, step.name, checksum(step), nowMs);
      }
      db.exec(`PRAGMA user_version = ${migrations.length}`);
    }
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
