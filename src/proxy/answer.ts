/**
 * The upstream's answer on its way to the caller: credentials are taken out of status text, headers and body, codings are undone
 * first, and the stream ends only when the audit record is durable (docs/spec/proxy.md §2, steps 6 and 7).
 *
 * @module
 */

import type { HeaderLine, UpstreamResponse } from "../ports/upstream.ts";
import { decodeBody, parseContentCodings } from "./decode/decode.ts";
import { headerValue, returnedHeaders } from "./headers.ts";
import { byteString } from "./inject/header_value.ts";
import type { RedactionTransform, Redactor } from "./redact/redactor.ts";

/** A stream of an answer's bytes. */
export type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** An answer without credentials; its body still has to be watched with {@linkcode watchBody}. */
export interface RedactedAnswer {
  readonly status: number;
  readonly statusText: string;
  readonly headers: readonly HeaderLine[];
  readonly body: ByteStream | null;
  /** Whether anything was replaced so far. */
  redacted(): boolean;
}

/** @throws {AppError} `upstream_undecodable` for a coding that redaction could not see through */
export function redactAnswer(response: UpstreamResponse, redactor: Redactor, domain: string): RedactedAnswer {
  const codings = parseContentCodings(headerValue(response.headers, "content-encoding") ?? null, domain);
  const statusText = redactByteString(response.statusText, redactor);
  const lines = returnedHeaders(response.headers, response.body !== null);
  const headers = lines.flatMap((line) => redactHeader(line, redactor));
  const inHead = statusText !== response.statusText || headers.length !== lines.length ||
    headers.some(([, value], i) => value !== lines[i]![1]);
  const head = { status: response.status, statusText, headers };
  if (response.body === null) return { ...head, body: null, redacted: () => inHead };
  const transform: RedactionTransform = redactor.transform();
  const stream = response.body instanceof Uint8Array ? ReadableStream.from([response.body]) : response.body;
  const body = decodeBody(stream, codings, domain).pipeThrough(transform) as ByteStream;
  return { ...head, body, redacted: () => inHead || transform.redacted };
}

/** A header whose name holds a credential has no name that could be shown: it is dropped. */
function redactHeader([name, value]: HeaderLine, redactor: Redactor): HeaderLine[] {
  return redactByteString(name, redactor) === name ? [[name, redactByteString(value, redactor)]] : [];
}

/** Header text is bytes, one a character: searched as bytes, so that a credential beyond ASCII is found too. */
function redactByteString(text: string, redactor: Redactor): string {
  const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0) & 0xff);
  const found = redactor.bytes(bytes);
  return found === bytes ? text : byteString(found);
}

/** How a body ended. */
export type BodyEnd = { readonly how: "complete" | "cancelled" } | { readonly how: "failed"; readonly error: unknown };

/**
 * `body`, with `finish` called exactly once and awaited before the reader sees the end. Bytes are pulled only when asked for, so
 * the reader's pace is the upstream's. Aborting `signal` ends the body even when nobody reads it.
 */
export function watchBody(
  body: ByteStream,
  finish: (end: BodyEnd) => Promise<void>,
  signal: AbortSignal | undefined,
): ByteStream {
  const reader = body.getReader();
  let ended: Promise<void> | undefined;
  const end = (how: BodyEnd): Promise<void> => {
    signal?.removeEventListener("abort", onAbort);
    return ended ??= finish(how);
  };
  const onAbort = (): void => {
    reader.cancel(signal?.reason).catch(() => {});
    end({ how: "cancelled" }).catch(() => {});
  };
  if (signal?.aborted === true) onAbort();
  else signal?.addEventListener("abort", onAbort, { once: true });
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller): Promise<void> {
      const { done, value } = await reader.read().catch(async (error) => {
        await end({ how: "failed", error });
        throw error;
      });
      if (signal?.aborted === true) throw signal.reason;
      if (!done) return controller.enqueue(value);
      await end({ how: "complete" });
      controller.close();
    },
    async cancel(reason): Promise<void> {
      await reader.cancel(reason).catch(() => {});
      await end({ how: "cancelled" });
    },
  }, { highWaterMark: 0 });
}
