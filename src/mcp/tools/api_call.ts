/** `api_call`: the credential proxy as a tool. @module */

import * as z from "zod";
import { wholeBody } from "../../kernel/body.ts";
import { utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { Body, CallRequest, HeaderLine, InjectionLine } from "../../usecases/call.ts";
import { withContentType } from "../../usecases/content_type.ts";
import { type Fixed, placeShape } from "../schemas.ts";
import type { AskedPlace } from "../session.ts";
import { type AnyTool, defineTool, type ToolCall } from "../tool.ts";

/** Most of an answer that is taken; a longer one ends the exchange. */
const WHOLE_ANSWER = { what: "the answer", maxBytes: 64 * 1024 * 1024 };
/** A body that is text and at most this many bytes is part of the result; others are kept as a file. About 8,000 tokens. */
export const INLINE_BYTES = 32 * 1024;
/** How much of a larger text is shown. */
const PREVIEW_CHARACTERS = 2_000;
/** Headers beyond this many characters are left out. */
const MAX_HEADER_CHARACTERS = 8 * 1024;

const REQUEST = {
  url: z.string().min(1).max(16_384).describe("Absolute URL. The host must be in the workspace's allowlist"),
  method: z.string().min(1).max(32).optional().describe("Default: GET, or POST with a body"),
  headers: z.record(z.string(), z.string()).optional().describe("Headers without secrets"),
  body: z.string().optional().describe(
    "Request body. JSON is sent as application/json unless a header says otherwise",
  ),
  body_encoding: z.enum(["utf-8", "base64"]).default("utf-8"),
  injections: z.record(z.string(), z.string()).optional().describe(
    "Where secrets go: place → NAME of a secret, never a value. Places: bearer, basic (its value is user:password), " +
      'header:X-Api-Key, query:key, body:path.in.json, form:field. Example: {"bearer": "STRIPE_KEY"}',
  ),
  timeout_seconds: z.number().int().min(1).max(86_400).optional().describe(
    "Longest wait for a connection, for an answer, for its next piece",
  ),
};

type Input = z.output<z.ZodObject<typeof REQUEST>> & AskedPlace;

const output = z.object({
  status: z.number().describe("The upstream's HTTP status; redirects are handed back, not followed"),
  headers: z.record(z.string(), z.array(z.string())),
  headers_cut: z.boolean().describe("true: there were more headers than are shown"),
  body: z.string().nullable().describe("The text; its beginning when body_file is set; null when it is not text"),
  body_bytes: z.number(),
  body_file: z.object({ path: z.string(), uri: z.string(), mime_type: z.string() }).nullable()
    .describe("Where a large or binary body was kept until this session ends; uri can be read as a resource"),
  redacted: z.boolean().describe("true: the answer held a credential; [REDACTED_BY_AGENTSECRETS] stands in its place"),
  duration_ms: z.number(),
  audit_id: z.string(),
});

export function apiCallTool(fixed: Fixed): AnyTool {
  return defineTool({
    name: "api_call",
    title: "Call an API with secrets put in",
    description:
      "Sends an HTTP request with secrets put in on the way out; you name them, you never see them, and they are taken " +
      `out of the answer. Text of up to ${
        INLINE_BYTES / 1024
      } KiB is returned; a larger or binary body is kept as a file. ` +
      "An answer of any HTTP status is a result; a refusal (host not allowed, name unknown, time-out) is an error with a hint. " +
      "A host that is not allowed is for a person to allow, with their password.",
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    input: z.strictObject({ ...REQUEST, ...placeShape(fixed) }),
    output,
    run: callApi,
  });
}

async function callApi(call: ToolCall, input: Input): Promise<z.output<typeof output>> {
  const { ports, session, signal, progress } = call;
  const request = requestOf(call, input);
  progress.say("Waiting for the answer");
  const response = await session.door(ports).call(request, signal);
  const tell = (bytes: number): void => progress.say(`HTTP ${response.status}, ${bytes} bytes so far`);
  const body = await wholeBody(response.body, WHOLE_ANSWER, tell);
  const { auditId, redacted, durationMs } = await response.outcome;
  const text = textOf(body);
  const inline = text !== undefined && body.length <= INLINE_BYTES;
  const type = response.headers.find(([name]) => name.toLowerCase() === "content-type")?.[1];
  const kept = inline ? undefined : await session.answers.keep(auditId, type, body);
  return {
    status: response.status,
    ...shownHeaders(response.headers),
    body: text === undefined ? null : inline ? text : text.slice(0, PREVIEW_CHARACTERS),
    body_bytes: body.length,
    body_file: kept === undefined ? null : { path: kept.path, uri: kept.uri, mime_type: kept.mimeType },
    redacted,
    duration_ms: Math.round(durationMs),
    audit_id: auditId,
  };
}

function requestOf({ session, client }: ToolCall, input: Input): CallRequest {
  const injections: readonly InjectionLine[] = Object.entries(input.injections ?? {});
  const headers: readonly HeaderLine[] = Object.entries(input.headers ?? {});
  const body = input.body === undefined ? undefined : bodyOf(input.body, input.body_encoding);
  const { project, environment } = session.select(input);
  const ms = input.timeout_seconds === undefined ? undefined : input.timeout_seconds * 1000;
  return {
    target: input.url,
    method: (input.method ?? (body === undefined ? "GET" : "POST")).toUpperCase(),
    headers: withContentType(headers, body, injections),
    ...(body === undefined ? {} : { body }),
    injections,
    caller: session.caller(client),
    path: "mcp",
    ...(project === undefined ? {} : { project }),
    ...(environment === undefined ? {} : { environment }),
    ...(ms === undefined ? {} : { timeouts: { connectMs: ms, firstByteMs: ms, idleMs: ms } }),
  };
}

function bodyOf(text: string, encoding: Input["body_encoding"]): Body {
  if (encoding === "utf-8") return utf8(text);
  try {
    return Uint8Array.fromBase64(text);
  } catch {
    throw new AppError("invalid_input", { what: "the arguments of api_call", reason: "body: not base64" });
  }
}

/** The text of a body in UTF-8 without NUL; undefined for what a model cannot read. */
function textOf(body: Uint8Array): string | undefined {
  if (body.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return undefined;
  }
}

function shownHeaders(lines: readonly HeaderLine[]): Pick<z.output<typeof output>, "headers" | "headers_cut"> {
  const headers = new Map<string, string[]>();
  let size = 0;
  for (const [name, value] of lines) {
    size += name.length + value.length;
    if (size > MAX_HEADER_CHARACTERS) return { headers: Object.fromEntries(headers), headers_cut: true };
    headers.set(name, [...(headers.get(name) ?? []), value]);
  }
  return { headers: Object.fromEntries(headers), headers_cut: false };
}
