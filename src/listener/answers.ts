/**
 * Answers of the listener: the upstream's, and its own refusals as JSON (docs/spec/proxy.md §1).
 *
 * @module
 */

import { dropBody } from "../kernel/body.ts";
import { AppError, toAppError } from "../kernel/error.ts";
import type { CallResponse, HeaderLine } from "../usecases/call.ts";
import type { Head } from "./head.ts";

/** Statuses whose answers have no body (RFC 9110 §15). */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);
const NO_TRANSFORM = "no-transform";

/**
 * The upstream's answer as the caller gets it: bytes go out at once with their length, a stream as it comes.
 *
 * @throws {AppError} `upstream_unreachable` for what is no answer of HTTP; its body is let go
 */
export function upstreamAnswer(
  { status, headers, body }: Pick<CallResponse, "status" | "headers" | "body">,
  { takesCodings }: Pick<Head, "takesCodings">,
): Response {
  try {
    if (status < 200 || status > 599) throw noAnswer(`it answered with status ${status}`);
    const bodiless = BODILESS.has(status);
    if (bodiless) void dropBody(body);
    // Adding to a response's own headers takes a third of what making it with them does.
    const response = new Response(bodiless ? null : body, { status });
    addHeaders(response.headers, headers, {
      hasLength: body instanceof Uint8Array,
      asIs: takesCodings && body !== null,
    });
    return response;
  } catch (error) {
    void dropBody(body);
    throw error instanceof TypeError ? noAnswer("its head is not one of HTTP") : error;
  }
}

/**
 * @param how With `hasLength` the server knows the body's length and says it. With `asIs` it must not compress: Deno 2.6 does, for a
 * client that takes it, unless the first line of `Cache-Control` forbids it (RFC 9111 §5.2.2.6); what was decoded to be searched
 * goes on as identity.
 */
function addHeaders(
  to: Headers,
  lines: readonly HeaderLine[],
  how: { readonly hasLength: boolean; readonly asIs: boolean },
): void {
  let says = !how.asIs;
  for (const [name, value] of lines) {
    const lower = name.toLowerCase();
    if (how.hasLength && lower === "content-length") continue;
    const first = !says && lower === "cache-control";
    says ||= first;
    to.append(name, first && value !== "" ? `${value}, ${NO_TRANSFORM}` : first ? NO_TRANSFORM : value);
  }
  if (!says) to.append("cache-control", NO_TRANSFORM);
}

function noAnswer(reason: string): AppError {
  return new AppError("upstream_unreachable", { domain: "the target", reason });
}

/** A failure as `{"error", "message", "hint", …}`. */
export function failureAnswer(error: unknown): Response {
  const { code, message, hint, fields, status } = toAppError(error);
  const body = { ...fields, error: code, message, ...(hint === undefined ? {} : { hint }) };
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}

/** A failure where SDKs look for one: `{"error": {"message", "code", "type", …}}`. The hint is in the message: it is all that they show. */
export function failureForSdk(error: unknown): Response {
  const { code, message, hint, fields, status } = toAppError(error);
  const text = hint === undefined ? message : `${message}. ${hint}`;
  const body = { error: { ...fields, code, type: "agentsecrets", message: text } };
  return Response.json(body, { status, headers: { "cache-control": "no-store" } });
}
