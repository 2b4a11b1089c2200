/**
 * A body that is whole or still coming: who reads it need not care.
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";
import { AppError } from "./error.ts";

/** All bytes, or a stream of them as they come. */
export type Body = ReadableStream<Bytes> | Bytes;

/** How much of a body may be held at once. */
export interface BodyLimit {
  /** The body's name in the failure, such as "the answer". */
  readonly what: string;
  readonly maxBytes: number;
}

/** Room for a body to begin with, in bytes. */
const FIRST_BYTES = 16 * 1024;

/** The bytes, piece by piece, for `for await`; leaving the loop lets go of the rest. */
export function piecesOf(body: Body | null): AsyncIterable<Bytes> | Iterable<Bytes> {
  return body === null ? [] : body instanceof Uint8Array ? [body] : body;
}

/** Lets go of a body that nobody will read. Never rejects. */
export async function dropBody(body: Body | null): Promise<void> {
  if (body !== null && !(body instanceof Uint8Array)) await body.cancel().catch(() => {});
}

/**
 * The whole of a body. One that is longer than allowed is let go of at its first byte too many.
 *
 * @param tell Called after each piece with the number of bytes so far.
 * @throws {AppError} `body_too_large`; what a stream breaks with is handed on as it is
 */
export async function wholeBody(body: Body | null, limit: BodyLimit, tell?: (bytes: number) => void): Promise<Bytes> {
  if (body === null) return new Uint8Array();
  if (body instanceof Uint8Array) {
    refuseLonger(body.length, limit);
    tell?.(body.length);
    return body;
  }
  // One buffer, since a piece may be one byte of a buffer of 64 KiB: kept as they came, a body that trickles would hold all of them.
  let whole = new Uint8Array(FIRST_BYTES), size = 0;
  for await (const piece of body) {
    // Leaving the loop cancels the body, which ends the exchange that it belongs to.
    refuseLonger(size + piece.length, limit);
    if (size + piece.length > whole.length) whole = grown(whole, size + piece.length);
    whole.set(piece, size);
    size += piece.length;
    tell?.(size);
  }
  return whole.subarray(0, size);
}

function refuseLonger(bytes: number, { what, maxBytes }: BodyLimit): void {
  if (bytes > maxBytes) throw new AppError("body_too_large", { what, maxBytes });
}

/** `bytes` in at least twice the room, and in `count` bytes at least. */
function grown(bytes: Bytes, count: number): Bytes {
  const larger = new Uint8Array(Math.max(bytes.length * 2, count));
  larger.set(bytes);
  return larger;
}
