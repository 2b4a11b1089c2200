/**
 * The border of the engine: a call as a door received it becomes one whose every part was checked, before a name is looked up.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { showable } from "../kernel/names.ts";
import type { Body, HeaderLine, UpstreamTimeouts } from "../ports/upstream.ts";
import type { IdentityLevel, ResolutionPath } from "./audit_record.ts";
import type { Caller, CallRequest } from "./door.ts";
import { forwardedHeaders, headerValue } from "./headers.ts";
import { changeBody, type Injection, parseInjections } from "./injection.ts";
import { parseTarget } from "./target.ts";

/** A request that was checked: nothing in it can leave its place. */
export interface EngineRequest {
  readonly url: URL;
  /** Upper case. */
  readonly method: string;
  /** Without hop-by-hop, framing and `X-AS-*` headers. */
  readonly headers: readonly HeaderLine[];
  readonly body?: Body;
  /** Of a streamed body, when the caller said it. */
  readonly bodyLength?: number;
  readonly injections: readonly Injection[];
  readonly caller: Caller;
  readonly path: ResolutionPath;
  readonly timeouts: UpstreamTimeouts;
}

/** Time limits unless a call says otherwise. */
export const DEFAULT_TIMEOUTS: UpstreamTimeouts = { connectMs: 10_000, firstByteMs: 120_000, idleMs: 300_000 };
const MAX_TIMEOUT_MS = 24 * 60 * 60 * 1000;

const METHOD = /^[A-Z][A-Z0-9_-]{0,31}$/;
/** They reach another hop than the target, or echo the request (with its credential) by design. */
const METHODS_REFUSED: ReadonlySet<string> = new Set(["CONNECT", "TRACE", "TRACK"]);
const BODILESS: ReadonlySet<string> = new Set(["GET", "HEAD"]);
const IDENTITY: Readonly<Record<IdentityLevel, true>> = { anonymous: true, declared: true, issued: true, user: true };
/** What a caller may say of itself: it ends up in the audit log. */
const CALLER_TEXT = /^[\x21-\x7e]{0,128}$/;

/**
 * @throws {AppError} `invalid_target`, `method_refused`, `bad_request`, `invalid_injection`, `injection_conflict`, `invalid_name`
 */
export function parseCallRequest(request: CallRequest): EngineRequest {
  const method = parseMethod(request.method);
  const url = parseTarget(request.target);
  const injections = parseInjections(request.injections);
  const body = emptyToNothing(request.body);
  if (BODILESS.has(method) && (body !== undefined || changeBody(injections))) {
    throw new AppError("bad_request", { reason: `a ${method} request has no body` });
  }
  return {
    url,
    method,
    headers: forwardedHeaders(request.headers),
    ...(body === undefined ? {} : { body, ...declaredLength(request.headers) }),
    injections,
    caller: checkCaller(request.caller),
    path: request.path,
    timeouts: request.timeouts === undefined ? DEFAULT_TIMEOUTS : checkTimeouts(request.timeouts),
  };
}

function parseMethod(text: string): string {
  const method = text.toUpperCase();
  if (METHODS_REFUSED.has(method)) throw new AppError("method_refused", { method });
  if (!METHOD.test(method)) throw new AppError("bad_request", { reason: `'${showable(text)}' is not a method` });
  return method;
}

function emptyToNothing(body: Body | undefined): Body | undefined {
  return body instanceof Uint8Array && body.length === 0 ? undefined : body;
}

/** What the caller says of its body's length; the upstream's client holds the body to it. */
function declaredLength(headers: readonly HeaderLine[]): { readonly bodyLength?: number } {
  const text = headerValue(headers, "content-length") ?? "";
  return /^\d{1,15}$/.test(text) ? { bodyLength: Number(text) } : {};
}

function checkCaller(caller: Caller): Caller {
  const texts = [caller.agentId, caller.tokenId, caller.sessionId];
  if (IDENTITY[caller.level] !== true || !texts.every((text) => CALLER_TEXT.test(text))) {
    throw new AppError("bad_request", { reason: "an agent or session id has at most 128 printable characters" });
  }
  return caller;
}

function checkTimeouts(given: Partial<UpstreamTimeouts>): UpstreamTimeouts {
  const timeouts = { ...DEFAULT_TIMEOUTS, ...given };
  for (const ms of Object.values(timeouts)) {
    if (!Number.isFinite(ms) || ms <= 0 || ms > MAX_TIMEOUT_MS) {
      throw new AppError("bad_request", { reason: "a time-out is more than 0 and at most 24 hours" });
    }
  }
  return timeouts;
}
