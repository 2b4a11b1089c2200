/**
 * The upstream's answer on its way to the caller: credentials are taken out of status text, headers and body, codings are undone
 * first, and the stream ends only when the audit record is durable (docs/spec/proxy.md §2, steps 6 and 7).
 *
 * @module
 */

import type { HeaderLine, UpstreamResponse } from "../ports/upstream.ts";
import { decodeBody, parseContentCodings } from "./decode/decode.ts";
import { headerList, returnedHeaders } from "./headers.ts";
import { byteString } from "./inject/header_value.ts";
import { EvenStream, type Wariness } from "./redact/even_stream.ts";
import type { Redactor } from "./redact/redactor.ts";
import { bytesInTurns, giveWay, TURN_WORK } from "./redact/turns.ts";

/** Some bytes of an answer. */
type Bytes = Uint8Array<ArrayBuffer>;
const NO_BYTES: Bytes = new Uint8Array(0);
/** A stream of an answer's bytes. */
export type ByteStream = ReadableStream<Bytes>;

/** An answer without credentials. */
export interface RedactedAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Names in lower case. */
  readonly headers: readonly HeaderLine[];
  /** All of it when it came whole; to be opened once when it is still coming; null for none. */
  readonly body: Bytes | RedactedBody | null;
  /** Whether anything was replaced so far. */
  redacted(): boolean;
}

/** How a body ended. */
export type BodyEnd = { readonly how: "complete" | "cancelled" } | { readonly how: "failed"; readonly error: unknown };

/**
 * @param wariness Of all answers that the same callers can watch.
 * @throws {AppError} `upstream_undecodable` for a coding that redaction could not see through
 */
export async function redactAnswer(
  response: UpstreamResponse,
  redactor: Redactor,
  wariness: Wariness,
  domain: string,
): Promise<RedactedAnswer> {
  const codings = parseContentCodings(headerList(response.headers, "content-encoding"), domain);
  const { status, body } = response;
  const returned = returnedHeaders(response.headers, body !== null);
  const { statusText, headers, redacted } = await redactHead(response.statusText, returned, redactor);
  const head = { status, statusText, headers };
  if (body === null) return { ...head, body, redacted: () => redacted };
  if (body instanceof Uint8Array && codings.length === 0) {
    const found = await bytesInTurns(redactor, body) as Bytes;
    return { ...head, body: found, redacted: () => redacted || found !== body };
  }
  const stream = body instanceof Uint8Array ? ReadableStream.from([body]) : body;
  const open = new RedactedBody(
    decodeBody(stream, codings, domain) as ByteStream,
    new EvenStream(redactor.stream(), wariness),
  );
  return { ...head, body: open, redacted: () => redacted || open.redacted };
}

/** Nothing to do for most heads: one search through all of it tells. */
async function redactHead(
  statusText: string,
  headers: readonly HeaderLine[],
  redactor: Redactor,
): Promise<{ readonly statusText: string; readonly headers: readonly HeaderLine[]; readonly redacted: boolean }> {
  let whole = statusText;
  for (const [name, value] of headers) whole += `\n${name}\n${value}`;
  if (await redactByteString(whole, redactor) === whole) {
    return { statusText, headers: headers.map(inLowerCase), redacted: false };
  }
  const shown: HeaderLine[] = [];
  for (const [name, value] of headers) {
    // A header whose name holds a credential has no name that could be shown: it is dropped.
    if (await redactByteString(name, redactor) !== name) continue;
    shown.push(inLowerCase([name, await redactByteString(value, redactor)]));
  }
  return { statusText: await redactByteString(statusText, redactor), headers: shown, redacted: true };
}

/** After the search: a credential in lower case is one that is not found, and that is easily guessed. */
function inLowerCase([name, value]: HeaderLine): HeaderLine {
  return [name.toLowerCase(), value];
}

/** Header text is bytes, one a character: searched as bytes, so that a credential beyond ASCII is found too. */
async function redactByteString(text: string, redactor: Redactor): Promise<string> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  const found = await bytesInTurns(redactor, bytes);
  return found === bytes ? text : byteString(found);
}

/** A body that is still coming. What it gives has been searched. */
export class RedactedBody {
  readonly #decoded: ByteStream;
  readonly #search: EvenStream;

  constructor(decoded: ByteStream, search: EvenStream) {
    this.#decoded = decoded;
    this.#search = search;
  }

  /** Whether anything was replaced so far. */
  get redacted(): boolean {
    return this.#search.redacted;
  }

  /** Lets go of it unread. */
  async cancel(): Promise<void> {
    await this.#decoded.cancel().catch(() => {});
  }

  /**
   * The body, with `finish` called exactly once and awaited before the reader sees the end. Bytes are pulled only when asked for,
   * so the reader's pace is the upstream's. Aborting `signal` ends the body even when nobody reads it.
   */
  open(finish: (end: BodyEnd) => Promise<void>, signal: AbortSignal | undefined): ByteStream {
    const reader = this.#decoded.getReader(), search = this.#search;
    let ended: Promise<void> | undefined;
    const end = (how: BodyEnd): Promise<void> => {
      signal?.removeEventListener("abort", onAbort);
      return ended ??= finish(how);
    };
    const onAbort = (): void => {
      end({ how: "cancelled" }).catch(() => {});
      reader.cancel(signal?.reason).catch(() => {});
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener("abort", onAbort, { once: true });
    let isOver = false, isRead = false;
    /** The next bytes that may go on; none at the end. */
    const next = async (): Promise<Bytes> => {
      try {
        for (;;) {
          const chunk = search.busy ? await giveWay() : (await reader.read()).value;
          // Nobody waits any more for what would still be searched.
          if (ended !== undefined) return NO_BYTES;
          isOver ||= !search.busy && chunk === undefined;
          const bytes = (isOver ? search.end(TURN_WORK) : search.push(chunk ?? NO_BYTES, TURN_WORK)) as Bytes;
          isRead = isOver && !search.busy;
          if (isRead || bytes.length > 0) return bytes;
        }
      } catch (error) {
        await end({ how: "failed", error });
        throw error;
      }
    };
    return new ReadableStream<Bytes>({
      async pull(controller): Promise<void> {
        const bytes = isRead ? NO_BYTES : await next();
        if (signal?.aborted === true) throw signal.reason;
        if (bytes.length > 0) return controller.enqueue(bytes);
        await end({ how: "complete" });
        controller.close();
      },
      async cancel(reason): Promise<void> {
        // In this order: cancelling answers a read that waits, as if the body were complete.
        const recorded = end({ how: "cancelled" });
        await Promise.all([recorded, reader.cancel(reason).catch(() => {})]);
      },
    }, { highWaterMark: 0 });
  }
}
