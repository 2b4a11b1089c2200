/**
 * A server's refusals as the catalog's failures. Only codes that the sync API has, with exactly the fields that their messages
 * need, made fit to be shown: a server must not put words into this program's mouth.
 *
 * @module
 */

import { HeadMoved, type Problem, problemSchema } from "../contract/problem.ts";
import { AppError, type ErrorCode, type ErrorField, type ErrorFields } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import type { SyncResponse } from "../ports/sync_transport.ts";

/** Codes that a server may answer with, and the type of each field. */
const KNOWN: { readonly [C in ErrorCode]?: Readonly<Record<string, "string" | "number">> } = {
  bad_request: { reason: "string" },
  body_too_large: { what: "string", maxBytes: "number" },
  database_busy: { path: "string" },
  database_damaged: { path: "string", reason: "string" },
  disk_full: { path: "string" },
  file_unwritable: { path: "string", reason: "string" },
  head_moved: { what: "string" },
  log_invalid: { log: "string", seq: "number", reason: "string" },
  login_refused: {},
  name_taken: { kind: "string", name: "string" },
  not_logged_in: {},
  not_on_server: { what: "string" },
  password_required: { action: "string" },
  rate_limited: { seconds: "number" },
  registration_refused: {},
  role_required: { action: "string", role: "string" },
  signature_invalid: { what: "string" },
  stale_epoch: { environment: "string" },
  unsupported_format: { what: "string", version: "string" },
};

/** The failure that an answer of status 400 and above reports. */
export function problemOf(response: SyncResponse, origin: string): AppError {
  const problem = parseProblem(response.body);
  const known = problem && failureOf(problem);
  return known ?? new AppError("server_error", { origin, status: response.status });
}

/** Whether it only means that the session has ended. */
export function isSessionEnded(response: SyncResponse): boolean {
  return response.status === 401 && parseProblem(response.body)?.code === "not_logged_in";
}

function parseProblem(body: string): Problem | undefined {
  try {
    return problemSchema().safeParse(JSON.parse(body)).data;
  } catch {
    return undefined;
  }
}

function failureOf({ code, fields = {}, head }: Problem): AppError | undefined {
  const types = Object.hasOwn(KNOWN, code) ? KNOWN[code as ErrorCode] : undefined;
  if (types === undefined) return undefined;
  const shown: Record<string, ErrorField> = {};
  for (const [name, type] of Object.entries(types)) {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (typeof value === "string" && type === "string") shown[name] = showable(value);
    else if (typeof value === "number" && type === "number") shown[name] = value;
    else return undefined;
  }
  const options = head === undefined ? {} : { cause: new HeadMoved(head) };
  return new (AppError as new (code: ErrorCode, fields: ErrorFields, options: ErrorOptions) => AppError)(
    code as ErrorCode,
    shown,
    options,
  );
}
