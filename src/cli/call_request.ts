/**
 * From the flags of `call` to the engine's request. Flags name secrets; nothing here has a value.
 *
 * @module
 */

import { utf8 } from "../kernel/bytes.ts";
import { AppError } from "../kernel/error.ts";
import type { Body, CallRequest, InjectionLine } from "../usecases/call.ts";
import { withContentType } from "../usecases/content_type.ts";
import type { CommandContext } from "./context.ts";
import { absolute } from "./place.ts";

/** Largest request body that is taken from a file or standard input, in bytes. */
const MAX_BODY_BYTES = 64 * 1024 * 1024;

/** The flags of `call` as parsed. */
export interface CallOptions {
  readonly url?: string | undefined;
  readonly method?: string | undefined;
  readonly body?: string | undefined;
  readonly headerPlain?: readonly string[] | undefined;
  readonly bearer?: string | undefined;
  readonly basic?: string | undefined;
  readonly header?: readonly string[] | undefined;
  readonly query?: readonly string[] | undefined;
  readonly bodyField?: readonly string[] | undefined;
  readonly formField?: readonly string[] | undefined;
  readonly timeout?: number | undefined;
  readonly token?: string | undefined;
  readonly project?: string | undefined;
  readonly env?: string | undefined;
}

/** The request. @throws {AppError} `missing_answer`, `usage`, `unsupported`, `file_unreadable`, `body_too_large` */
export async function callRequest(context: CommandContext, options: CallOptions): Promise<CallRequest> {
  if (options.url === undefined) {
    throw new AppError("missing_answer", { what: "the address to call", flag: "--url URL" });
  }
  if (options.token !== undefined) {
    throw new AppError("unsupported", {
      what: "a call as an agent",
      reason: "agents and their tokens are not part of this version",
    });
  }
  const injections = injectionsOf(options);
  const headers = (options.headerPlain ?? []).map((text) => pair("--header-plain", text));
  const body = options.body === undefined ? undefined : await bodyOf(context, options.body);
  return {
    target: options.url,
    method: (options.method ?? (body === undefined ? "GET" : "POST")).toUpperCase(),
    headers: withContentType(headers, body, injections),
    ...(body === undefined ? {} : { body }),
    injections,
    caller: { level: "user", agentId: "", tokenId: "", sessionId: "" },
    path: "call",
    ...(options.project === undefined ? {} : { project: options.project }),
    ...(options.env === undefined ? {} : { environment: options.env }),
    ...(options.timeout === undefined ? {} : { timeouts: timeoutsOf(options.timeout) }),
  };
}

function injectionsOf(options: CallOptions): InjectionLine[] {
  return [
    ...(options.bearer === undefined ? [] : [["bearer", options.bearer] as const]),
    ...(options.basic === undefined ? [] : [["basic", options.basic] as const]),
    ...placed("--header", "header", options.header),
    ...placed("--query", "query", options.query),
    ...placed("--body-field", "body", options.bodyField),
    ...placed("--form-field", "form", options.formField),
  ];
}

function placed(flag: string, style: string, given: readonly string[] | undefined): InjectionLine[] {
  return (given ?? []).map((text) => {
    const [name, key] = pair(flag, text);
    return [`${style}:${name}`, key];
  });
}

/** Splits at the first `=`. The text is not quoted in the error: somebody may have put a value there. */
function pair(flag: string, text: string): [name: string, value: string] {
  const at = text.indexOf("=");
  if (at <= 0) {
    throw new AppError("usage", {
      problem: `Cannot use ${flag}: it takes NAME=${flag === "--header-plain" ? "value" : "KEY"}`,
    });
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

/** The text itself, `@file`, or `-` (also `@-`) for standard input. */
async function bodyOf(context: CommandContext, text: string): Promise<Body> {
  if (text === "-" || text === "@-") return new Uint8Array(await context.terminal.readStdin(MAX_BODY_BYTES));
  if (!text.startsWith("@")) return utf8(text);
  const path = text.slice(1);
  const bytes = await context.world.files.read(absolute(context, path));
  if (bytes === undefined) throw new AppError("file_unreadable", { path, reason: "there is no such file" });
  if (bytes.length > MAX_BODY_BYTES) throw new AppError("body_too_large", { what: path, maxBytes: MAX_BODY_BYTES });
  return new Uint8Array(bytes);
}

function timeoutsOf(seconds: number): { connectMs: number; firstByteMs: number; idleMs: number } {
  const ms = seconds * 1000;
  return { connectMs: ms, firstByteMs: ms, idleMs: ms };
}
