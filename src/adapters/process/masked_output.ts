/**
 * A child's output on its way to one of this process's own streams, through a filter.
 *
 * What may go on goes on at once. Bytes that may become something to filter wait for those that decide it; when the child pauses
 * meanwhile, a few of them go on, since most are the end of a line or a question that happens to look like a beginning.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";
import type { OutputFilter } from "../../ports/process.ts";

/** Where the bytes go: `Deno.stdout`, `Deno.stderr`. */
export interface OutputSink {
  write(bytes: Uint8Array): Promise<number>;
}

/** As large as a pipe's own buffer on Linux: one read empties it. */
const CHUNK_BYTES = 64 * 1024;
/** How long the child must have been silent, in milliseconds: longer than between two writes of one line, shorter than a person notices. */
const PAUSE_MS = 100;
/** Most bytes that go on then: less than a value, and more than the ends of most lines have in common with one. */
const MOST_RELEASED_BYTES = 4;

/** Carries one stream. */
export class MaskedOutput {
  readonly #name: string;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #sink: OutputSink;
  readonly #filter: OutputFilter;

  /** @param name Of the stream, for messages. */
  constructor(name: string, source: ReadableStream<Uint8Array>, sink: OutputSink, filter: OutputFilter) {
    this.#name = name;
    this.#reader = source.getReader({ mode: "byob" });
    this.#sink = sink;
    this.#filter = filter;
  }

  /**
   * Carries everything to the end of the source. When the reader behind the sink has gone, the source is closed, so that its writer
   * learns of it as it would without us: by SIGPIPE.
   *
   * @throws {AppError} `disk_full`, `file_unwritable`
   */
  async carry(): Promise<void> {
    try {
      await this.#carryAll();
    } catch (error) {
      await this.stop();
      if (!(error instanceof Deno.errors.BrokenPipe)) throw unwritten(this.#name, error);
    }
  }

  /** Takes nothing more from the source. */
  async stop(): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }

  async #carryAll(): Promise<void> {
    // One buffer goes back and forth: what the filter gave out of it is written before it is read into again.
    let buffer = new ArrayBuffer(CHUNK_BYTES);
    for (;;) {
      const read = this.#reader.read(new Uint8Array(buffer));
      if (this.#filter.heldBytes > 0 && await isSlow(read)) {
        await this.#write(this.#filter.release(MOST_RELEASED_BYTES));
      }
      const { value, done } = await read;
      if (value !== undefined && value.length > 0) await this.#write(this.#filter.push(value));
      if (done) break;
      buffer = value.buffer;
    }
    await this.#write(this.#filter.end());
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#sink.write(bytes.subarray(at));
  }
}

/** Whether `read` takes longer than a pause. */
async function isSlow(read: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const pause = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(true), PAUSE_MS);
  });
  try {
    return await Promise.race([read.then(() => false, () => false), pause]);
  } finally {
    clearTimeout(timer);
  }
}

/** Why the stream `path` took no more. */
function unwritten(path: string, error: unknown): AppError {
  const full = error instanceof Error && /^(ENOSPC|EDQUOT)$/.test(String((error as Error & { code?: unknown }).code));
  if (full) return new AppError("disk_full", { path }, { cause: error });
  return new AppError("file_unwritable", { path, reason: "the system refused it" }, { cause: error });
}
