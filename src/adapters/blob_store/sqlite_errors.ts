/**
 * SQLite's and the file system's failures in the catalog's words. Deno's `node:sqlite` gives a result code for some
 * failures and only SQLite's fixed English text (sqlite3_errstr) for others, so both are read.
 *
 * @module
 */

import { accessSync, chmodSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { AppError } from "../../kernel/error.ts";

type Kind = "busy" | "full" | "damaged" | "not_a_database" | "readonly" | "unopenable" | "io" | "constraint";

/** Primary result codes (sqlite.org/rescode.html). */
const BY_CODE: ReadonlyMap<number, Kind> = new Map<number, Kind>([
  [5, "busy"],
  [6, "busy"],
  [8, "readonly"],
  [10, "io"],
  [11, "damaged"],
  [13, "full"],
  [14, "unopenable"],
  [19, "constraint"],
  [26, "not_a_database"],
]);

const BY_TEXT: readonly (readonly [string, Kind])[] = [
  ["database is locked", "busy"],
  ["database table is locked", "busy"],
  ["attempt to write a readonly database", "readonly"],
  ["disk I/O error", "io"],
  ["database disk image is malformed", "damaged"],
  ["malformed database schema", "damaged"],
  ["database or disk is full", "full"],
  ["unable to open database file", "unopenable"],
  ["file is not a database", "not_a_database"],
  ["no such table", "damaged"],
  ["no such column", "damaged"],
];

/** What SQLite failed with, or undefined when `error` is not SQLite's. */
export function sqliteFailure(error: unknown): Kind | undefined {
  if (!(error instanceof Error) || (error as { code?: unknown }).code !== "ERR_SQLITE_ERROR") return undefined;
  const code = (error as { errcode?: unknown }).errcode;
  const byCode = typeof code === "number" ? BY_CODE.get(code & 0xff) : undefined;
  return byCode ?? BY_TEXT.find(([text]) => error.message.includes(text))?.[1];
}

/** Whether another connection holds what is needed, so that trying again makes sense. */
export function isBusy(error: unknown): boolean {
  return sqliteFailure(error) === "busy";
}

/** `error` of a statement on the database at `path`, in the catalog's words; anything unknown stays as it is. */
export function databaseError(error: unknown, path: string): unknown {
  switch (sqliteFailure(error)) {
    case "busy":
      return new AppError("database_busy", { path }, { cause: error });
    case "full":
      return new AppError("disk_full", { path }, { cause: error });
    case "damaged":
      return new AppError("database_damaged", { path, reason: "its contents are malformed" }, { cause: error });
    case "not_a_database":
      return new AppError("database_damaged", { path, reason: "it is not a database" }, { cause: error });
    case "readonly":
      return refused(path, "it is read-only", error);
    case "unopenable":
      return refused(path, "it cannot be opened", error);
    case "io":
      return refused(path, "the disk reports an error", error);
    case "constraint":
    case undefined:
      return error;
  }
}

/** SQLite says the same of a full disk, a read-only one and a broken one where a file beside the database is concerned: the system knows. */
function refused(path: string, otherwise: string, error: unknown): AppError {
  if (isFull(path)) return new AppError("disk_full", { path }, { cause: error });
  const reason = REASONS[refusalOf(path) ?? ""] ?? otherwise;
  return new AppError("file_unwritable", { path, reason }, { cause: error });
}

/** Less than what SQLite's index of a write-ahead log takes (sqlite.org/walformat.html §1.2). */
const FULL_BELOW_BYTES = 32 * 1024;

function isFull(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(dirname(path));
    return bavail * bsize < FULL_BELOW_BYTES;
  } catch {
    return false;
  }
}

/**
 * Why the system lets nobody write here; undefined where it does, or does not tell. The database itself is not opened for the
 * answer: closing it again would drop the locks that SQLite has on it (sqlite.org/howtocorrupt.html §2.2).
 */
function refusalOf(path: string): string | undefined {
  const folder = dirname(path);
  const unchanged = (): void => chmodSync(folder, statSync(folder).mode & 0o7777);
  return codeOf(unchanged) === "EROFS" ? "EROFS" : codeOf(() => {
    for (const place of [folder, path]) accessSync(place, constants.W_OK);
  });
}

function codeOf(act: () => void): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    return String((error as { code?: unknown } | null)?.code);
  }
}

/** `error` of a file operation on `path`, in the catalog's words. */
export function fileError(error: unknown, path: string): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ENOSPC" || code === "EDQUOT") return new AppError("disk_full", { path }, { cause: error });
  const reason = REASONS[String(code)];
  return reason === undefined ? databaseError(error, path) : new AppError("file_unwritable", { path, reason }, {
    cause: error,
  });
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOENT: "its folder does not exist",
  ENOTDIR: "its folder does not exist",
  EISDIR: "it is a folder",
  EMFILE: "too many open files",
};
