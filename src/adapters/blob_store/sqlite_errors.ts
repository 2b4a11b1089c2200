/**
 * SQLite's and the file system's failures in the catalog's words. Deno's `node:sqlite` gives a result code for some
 * failures and only SQLite's fixed English text (sqlite3_errstr) for others, so both are read.
 *
 * @module
 */

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
      return new AppError("file_unwritable", { path, reason: "it is read-only" }, { cause: error });
    case "unopenable":
      return new AppError("file_unwritable", { path, reason: "it cannot be opened" }, { cause: error });
    case "io":
      return new AppError("file_unwritable", { path, reason: "the disk reports an error" }, { cause: error });
    case "constraint":
    case undefined:
      return error;
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
