/**
 * Answers of the listener: the upstream's, and its own refusals as JSON (docs/spec/proxy.md §1).
 *
 * @module
 */

import { AppError, toAppError } from "../kernel/error.ts";
import { dropBody } from "../kernel/body.ts";
import type { CallResponse } from "../usecases/call.ts";

/** Statuses whose answers have no body (RFC 9110 §15). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/** The upstream's answer as the caller gets it. @throws {AppError} `upstream_unreachable` for a status that is none */
export async function upstreamAnswer(response: CallResponse): Promise<Response> {
  const { status, body } = response;
  if (status < 200 || status > 599) {
    await dropBody(body);
    throw new AppError("upstream_unreachable", { domain: "the target", reason: `it answered with status ${status}` });
  }
  const headers = new Headers();
  for (const [name, value] of response.headers) headers.append(name, value);
  if (!BODILESS.has(status)) return new Response(body, { status, headers });
  await dropBody(body);
  return new Response(null, { status, headers });
}

/** A failure as `{"error", "message", "hint", …}`. */
export function failureAnswer(error: unknown): Response {
  const { code, message, hint, fields, status } = toAppError(error);
  const body = { ...fields, error: code, message, ...(hint === undefined ? {} : { hint }) };
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}
