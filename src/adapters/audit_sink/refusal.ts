/** Why a record cannot be kept, in the catalog's words. @module */

import { AppError } from "../../kernel/error.ts";
import { unwritable } from "../files/failure.ts";

/** `audit_unwritable` for any failure of the system at `path`; the catalog's own errors keep their reason. */
export function unwritableLog(path: string, error: unknown): AppError {
  if (error instanceof AppError && error.code === "audit_unwritable") return error;
  if (error instanceof AppError && error.code === "lock_timeout") {
    return refusedLog(path, "another process holds its lock");
  }
  const known = error instanceof AppError ? error : unwritable(path, error);
  const reason = known.code === "disk_full" ? "the disk is full" : String(known.fields.reason ?? "it cannot be used");
  return new AppError("audit_unwritable", { path, reason });
}

/** `audit_unwritable` with a reason of our own. */
export function refusedLog(path: string, reason: string): AppError {
  return new AppError("audit_unwritable", { path, reason });
}
