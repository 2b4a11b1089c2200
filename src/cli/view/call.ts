/**
 * The JSON envelope of `call`: the same members whether the upstream answered or the call was refused. Existing clients tell
 * refusals apart by the `error` inside `body` and the code at the start of `error`.
 *
 * @module
 */

import type { AppError } from "../../kernel/error.ts";
import { fromUtf8 } from "../../kernel/bytes.ts";
import type { HeaderLine } from "../../usecases/call.ts";
import { errorDocument } from "./error.ts";

/** What `call --output json` prints. */
export interface CallEnvelope {
  /** The upstream's status, or the one that the proxy answers a refusal with. */
  readonly status: number;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly body: string;
  readonly body_encoding: "utf-8" | "base64";
  readonly redacted: boolean;
  readonly duration_ms: number;
  /** Only on failure: the catalog's code, a colon, and what could not be done. */
  readonly error?: string;
}

/** The envelope of an answer. */
export function answerEnvelope(
  status: number,
  headers: readonly HeaderLine[],
  body: Uint8Array,
  redacted: boolean,
  durationMs: number,
): CallEnvelope {
  const gathered = new Map<string, string[]>();
  for (const [name, value] of headers) gathered.set(name, [...(gathered.get(name) ?? []), value]);
  return {
    status,
    headers: Object.fromEntries(gathered),
    ...encoded(body),
    redacted,
    duration_ms: Math.round(durationMs),
  };
}

/** The envelope of a failure; its body is what the proxy would have answered. */
export function failureEnvelope(failure: AppError, durationMs: number): CallEnvelope {
  const { hint, code, message, exit: _, ...facts } = errorDocument(failure, failure.exit).error;
  const body = { ...facts, error: code, message, ...(hint === null ? {} : { hint }) };
  return {
    status: failure.status,
    headers: { "content-type": ["application/json"] },
    body: JSON.stringify(body),
    body_encoding: "utf-8",
    redacted: false,
    duration_ms: Math.round(durationMs),
    error: `${code}: ${lowered(String(message))}`,
  };
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}

function encoded(body: Uint8Array): Pick<CallEnvelope, "body" | "body_encoding"> {
  try {
    return { body: fromUtf8(body), body_encoding: "utf-8" };
  } catch {
    return { body: body.toBase64(), body_encoding: "base64" };
  }
}
