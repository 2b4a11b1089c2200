/**
 * What the system says of a file, in the catalog's words. Decisions rest on the error's code, never on its English text.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";

const REASONS: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "the system does not permit it",
  EROFS: "the file system is read-only",
  EISDIR: "it is a folder",
  ENOTDIR: "a part of its path is not a folder",
  ENOENT: "a folder of its path is missing",
  ELOOP: "its symbolic links go in a circle",
  ENAMETOOLONG: "its name is too long",
  EMFILE: "too many files are open",
  ENFILE: "too many files are open on this machine",
  EBUSY: "it is in use",
  ETXTBSY: "it is in use",
  EIO: "the disk reports an error",
  EFBIG: "it is larger than the limit for files",
  ENOTCAPABLE: "this program was not permitted to",
};

/** No space, or none within the owner's quota. */
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

/** The system's name of an error (`ENOENT`), or undefined when it is not one of the system's. */
export function systemCode(error: unknown): string | undefined {
  if (error instanceof Deno.errors.NotCapable) return "ENOTCAPABLE";
  const code = error instanceof Error ? (error as Error & { readonly code?: unknown }).code : undefined;
  return typeof code === "string" ? code : undefined;
}

function reasonOf(error: unknown): string {
  const code = systemCode(error);
  if (code === undefined) throw error;
  return REASONS[code] ?? `the system answered ${code}`;
}

/** `file_unreadable` for a failure of the system; any other error is thrown on as it is. */
export function unreadable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("file_unreadable", { path, reason: reasonOf(error) }, { cause: error });
}

/** `disk_full` or `file_unwritable` for a failure of the system; any other error is thrown on as it is. */
export function unwritable(path: string, error: unknown): AppError {
  if (error instanceof AppError) return error;
  if (FULL.has(systemCode(error) ?? "")) return new AppError("disk_full", { path }, { cause: error });
  return new AppError("file_unwritable", { path, reason: reasonOf(error) }, { cause: error });
}
