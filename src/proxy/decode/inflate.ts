/**
 * One content coding undone by node:zlib, pulled by its reader: never more than one piece of output waits.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { Coding } from "./decode.ts";
import type { Decoder } from "./decoder.ts";
import { Pieces } from "./pieces.ts";
import { sectionOf } from "./sections.ts";
import { createDecoder } from "./transforms.ts";

/**
 * `body` with `coding` undone. An empty body stays empty: answers to HEAD and 304 name codings too. The stream fails with
 * `upstream_undecodable` for what is not in that coding or is cut off, and hands on what `body` fails with.
 */
export function inflate(
  body: ReadableStream<Uint8Array>,
  coding: Coding,
  domain: string,
): ReadableStream<Uint8Array> {
  const source = new Pieces(body);
  let decoder: Decoder | undefined;
  let section = sectionOf(source, coding);
  const next = async (): Promise<Uint8Array | undefined> => {
    const head = decoder === undefined ? await source.peek(2) : undefined;
    if (head?.length === 0) return undefined;
    for (;;) {
      decoder ??= createDecoder(coding, head ?? await source.peek(2));
      const piece = await decoder.read(section);
      if (piece !== undefined || !(await section.hasNext())) return piece;
      decoder = undefined;
      section = sectionOf(source, coding);
    }
  };
  return new ReadableStream<Uint8Array>({
    async pull(controller): Promise<void> {
      try {
        const piece = await next();
        if (piece !== undefined) return controller.enqueue(piece);
        await source.cancel();
        controller.close();
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
