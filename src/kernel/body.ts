/**
 * A body that is whole or still coming: who reads it need not care.
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";

/** All bytes, or a stream of them as they come. */
export type Body = ReadableStream<Bytes> | Bytes;

/** The bytes, piece by piece, for `for await`; leaving the loop lets go of the rest. */
export function piecesOf(body: Body | null): AsyncIterable<Bytes> | Iterable<Bytes> {
  return body === null ? [] : body instanceof Uint8Array ? [body] : body;
}

/** Lets go of a body that nobody will read. Never rejects. */
export async function dropBody(body: Body | null): Promise<void> {
  if (body !== null && !(body instanceof Uint8Array)) await body.cancel().catch(() => {});
}
