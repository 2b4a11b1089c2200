/**
 * {@linkcode AppError}: the one error class thrown on purpose. Its code, message, hint, exit number and HTTP status come
 * from the catalog, so the command line, HTTP, MCP and the audit log speak of a failure with the same word.
 *
 * @module
 */

import { CATALOG } from "./error_catalog.ts";

/** Values allowed in an error. A `Secret` is none of them, so a value in an error does not compile. */
export type ErrorField = string | number | boolean;
/** The named facts of one failure. */
export type ErrorFields = Readonly<Record<string, ErrorField>>;

/** Stable identifier of a failure. Messages may be reworded; codes may not. */
export type ErrorCode = keyof typeof CATALOG;
type FieldsOf<C extends ErrorCode> = Parameters<(typeof CATALOG)[C]["message"]>[0];
/** A code whose message names no field takes no second argument. */
type Details<C extends ErrorCode> = string extends keyof FieldsOf<C> ? [fields?: undefined, options?: ErrorOptions]
  : [fields: FieldsOf<C>, options?: ErrorOptions];

/** The shape that every row of the catalog has once its fields' types are forgotten. */
interface Row {
  readonly exit: number;
  readonly status: number;
  readonly message: (fields: ErrorFields) => string;
  readonly hint?: (fields: ErrorFields) => string;
}

/** A failure from the catalog. */
export class AppError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = "AppError";
  /** The stable identifier. */
  readonly code: C;
  /** The facts the message was made of: names and numbers, never values. */
  readonly fields: ErrorFields;
  /** Exit number of a command that fails with this. */
  readonly exit: number;
  /** HTTP status of an answer that reports this. */
  readonly status: number;
  /** What the reader should do next, if there is something. */
  readonly hint: string | undefined;

  constructor(code: C, ...[fields, options]: Details<C>) {
    const row = CATALOG[code] as unknown as Row;
    const known = (fields ?? {}) as ErrorFields;
    super(row.message(known), options);
    this.code = code;
    this.fields = known;
    this.exit = row.exit;
    this.status = row.status;
    this.hint = row.hint?.(known);
  }
}

/** Whether `error` is an {@linkcode AppError}, of one of `codes` when given. */
export function isAppError(error: unknown, ...codes: readonly ErrorCode[]): error is AppError {
  return error instanceof AppError && (codes.length === 0 || codes.includes(error.code));
}

/** `error` itself when it is from the catalog, otherwise `internal` with it as the cause. */
export function toAppError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError("internal", undefined, { cause: error });
}
