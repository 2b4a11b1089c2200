/**
 * Failures as RFC 9457 problem details. What is not from the catalog is `internal` and says nothing.
 *
 * @module
 */

import { HeadMoved, PROBLEM_TYPE } from "../contract/problem.ts";
import { AppError, type ErrorCode, toAppError } from "../kernel/error.ts";

/** Failures of the storage: they name a path of the server's machine. */
const STORAGE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "database_busy",
  "database_damaged",
  "disk_full",
  "file_unwritable",
  "unsupported_format",
]);

/**
 * The catalog's statuses of these are a client's view (the server lied); here the client sent what does not hold, which is 422
 * (RFC 9110 §15.5.21).
 */
const UNPROCESSABLE: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "log_invalid",
  "signature_invalid",
  "snapshot_invalid",
  "pin_mismatch",
]);

/** Headers of every answer: nothing of it is cached or read as another type. */
export const ANSWER_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "x-content-type-options": "nosniff",
};

/** The answer that reports `error`. */
export function problemResponse(error: unknown, showStorageFailures: boolean): Response {
  const failure = visible(toAppError(error), showStorageFailures);
  const status = UNPROCESSABLE.has(failure.code) ? 422 : failure.status;
  const moved = failure.cause instanceof HeadMoved ? { head: failure.cause.head } : {};
  const headers: Record<string, string> = { ...ANSWER_HEADERS, "content-type": PROBLEM_TYPE };
  if (failure.code === "rate_limited") headers["retry-after"] = String(failure.fields["seconds"]);
  const { code, fields } = failure;
  const type = `urn:agentsecrets:problem:${code}`;
  return new Response(JSON.stringify({ type, title: failure.message, status, code, fields, ...moved }), {
    status,
    headers,
  });
}

function visible(failure: AppError, showStorageFailures: boolean): AppError {
  if (showStorageFailures || !STORAGE.has(failure.code)) return failure;
  return new AppError("internal", undefined, { cause: failure });
}
