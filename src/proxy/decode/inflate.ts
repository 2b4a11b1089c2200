/**
 * One content coding undone by node:zlib, pulled by its reader: never more than one piece of output waits.
 *
 * @module
 */

import type { Transform } from "node:stream";
import { AppError } from "../../kernel/error.ts";
import type { Coding } from "./decode.ts";

/** Most bytes given to the decoder at once, and most that it gives back at once. */
const PIECE_BYTES = 32 * 1024;
/** RFC 9659 §3: a zstd window on the web is at most 8 MiB. Larger frames are refused. */
const ZSTD_WINDOW_LOG = 23;

/** How a reader of a body waits for its decoder: output, the end, or room for input. */
interface Waiting {
  readonly wake: () => void;
}

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
          decoder = new Decoder(await createTransform(coding, head));
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

/** A body in small pieces, with a look at its first bytes. */
class Pieces {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #ended = false;
  /** What the body failed with. */
  failure: unknown = this;

  constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  /** The first `count` bytes without taking them; fewer at the end of the body. */
  async peek(count: number): Promise<Uint8Array> {
    while (this.#rest.length < count && !this.#ended) {
      const more = await this.#read();
      if (more === undefined) continue;
      const joined = new Uint8Array(this.#rest.length + more.length);
      joined.set(this.#rest);
      joined.set(more, this.#rest.length);
      this.#rest = joined;
    }
    return this.#rest.subarray(0, count);
  }

  /** The next piece, or undefined at the end. */
  async next(): Promise<Uint8Array | undefined> {
    while (this.#rest.length === 0) {
      if (this.#ended) return undefined;
      this.#rest = await this.#read() ?? this.#rest;
    }
    const piece = this.#rest.subarray(0, PIECE_BYTES);
    this.#rest = this.#rest.subarray(piece.length);
    return piece;
  }

  /** Ends the body early. Never throws. */
  async cancel(reason?: unknown): Promise<void> {
    await this.#reader.cancel(reason).catch(() => undefined);
  }

  async #read(): Promise<Uint8Array | undefined> {
    try {
      const { done, value } = await this.#reader.read();
      this.#ended = done;
      return value;
    } catch (error) {
      this.failure = error;
      throw error;
    }
  }
}

/** Pulls output from a transform of node:zlib, giving it input only when it has none left. */
class Decoder {
  readonly #transform: Transform;
  #waiting: Waiting | undefined;
  #error: unknown;
  #ended = false;
  #wantsInput = true;

  constructor(transform: Transform) {
    this.#transform = transform;
    const wake = (): void => this.#waiting?.wake();
    transform.on("readable", wake);
    transform.on("end", () => {
      this.#ended = true;
      wake();
    });
    transform.on("error", (error) => {
      this.#error = error;
      this.#ended = true;
      wake();
    });
  }

  /** The next piece of output, or undefined at the end. */
  async read(source: Pieces): Promise<Uint8Array | undefined> {
    for (;;) {
      if (this.#error !== undefined) throw this.#error;
      const piece = this.#transform.read() as Uint8Array | null;
      if (piece !== null) return piece.length > 0 ? new Uint8Array(piece) : await this.read(source);
      if (this.#ended) return undefined;
      if (this.#wantsInput) await this.#feed(source);
      else await this.#change();
    }
  }

  destroy(): void {
    this.#error ??= new TypeError("Cannot read a cancelled decoder");
    this.#transform.destroy();
    this.#waiting?.wake();
  }

  async #feed(source: Pieces): Promise<void> {
    const piece = await source.next();
    if (this.#ended) return;
    this.#wantsInput = false;
    if (piece === undefined) {
      this.#transform.end();
      return;
    }
    // The callback comes when all of the piece is decoded and its output has been taken.
    this.#transform.write(piece, () => {
      this.#wantsInput = true;
      this.#waiting?.wake();
    });
  }

  /** Waits until output, the end, an error or room for input comes. */
  #change(): Promise<void> {
    if (this.#wantsInput || this.#ended || this.#transform.readableLength > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = {
        wake: () => {
          this.#waiting = undefined;
          resolve();
        },
      };
    });
  }
}

/** Loaded only when an answer is coded at all. */
async function createTransform(coding: Coding, head: Uint8Array): Promise<Transform> {
  const zlib = await import("node:zlib");
  const options = { chunkSize: PIECE_BYTES, highWaterMark: PIECE_BYTES };
  switch (coding) {
    case "gzip":
      return zlib.createGunzip(options);
    case "deflate":
      return isZlib(head) ? zlib.createInflate(options) : zlib.createInflateRaw(options);
    case "br":
      return zlib.createBrotliDecompress(options);
    case "zstd":
      return zlib.createZstdDecompress({
        ...options,
        params: { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG },
      });
    default:
      return coding satisfies never;
  }
}

/** RFC 1950 §2.2: method 8, and the first two bytes are a multiple of 31. Some servers send bare RFC 1951 as `deflate`. */
function isZlib(head: Uint8Array): boolean {
  const [method = 0, flags = 0] = head;
  return (method & 15) === 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 === 0;
}
