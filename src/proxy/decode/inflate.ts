/**
 * One content coding undone by node:zlib, pulled by its reader: never more than one piece of output waits.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { Coding } from "./decode.ts";
import type { Decoder } from "./decoder.ts";
import { Pieces } from "./pieces.ts";
import { createDecoder } from "./transforms.ts";

/** `body` with `coding` undone. An empty body stays empty: answers to HEAD and 304 name codings too. */
export function inflate(
  body: ReadableStream<Uint8Array>,
  coding: Coding,
  domain: string,
): ReadableStream<Uint8Array> {
  const source = new Pieces(body);
  let decoder: Decoder | undefined;
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        if (decoder === undefined) {
          const head = await source.peek(2);
          if (head.length === 0) return controller.close();
          decoder = createDecoder(coding, head);
        }
        const piece = await decoder.read(source);
        if (piece === undefined) {
          await source.cancel();
          controller.close();
        } else controller.enqueue(piece);
      } catch (error) {
        decoder?.destroy();
        // What failed above us (a time-out, an abort) keeps its own name; what the decoder says becomes one code.
        if (error === source.failure) throw error;
        await source.cancel(error);
        throw new AppError("upstream_undecodable", { domain, coding }, { cause: error });
      }
    },
    async cancel(reason): Promise<void> {
      decoder?.destroy();
      await source.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
