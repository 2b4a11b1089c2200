/**
 * An answer's body as a whole, in bounded memory.
 *
 * @module
 */

import { AppError } from "../kernel/error.ts";
import { piecesOf } from "../kernel/body.ts";
import type { CallResponse } from "../usecases/call.ts";

/** Largest body that is taken, in bytes; a larger one ends the exchange. */
export const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** @param tell Called with the number of bytes so far. @throws {AppError} `body_too_large`, what cut the answer short */
export async function gather(response: CallResponse, tell: (bytes: number) => void): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of piecesOf(response.body)) {
    length += piece.length;
    // Leaving the loop cancels the body, which ends the exchange.
    if (length > MAX_ANSWER_BYTES) {
      throw new AppError("body_too_large", { what: "the answer", maxBytes: MAX_ANSWER_BYTES });
    }
    pieces.push(piece);
    tell(length);
  }
  const body = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    body.set(piece, at);
    at += piece.length;
  }
  return body;
}
