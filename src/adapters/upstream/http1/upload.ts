/**
 * A request on its way up: head and body, framed as the head says. A stream is read only as fast as the upstream takes it.
 *
 * @module
 */

import { type Bytes, concat } from "../../../kernel/bytes.ts";
import { AppError } from "../../../kernel/error.ts";
import type { Body } from "../../../ports/upstream.ts";
import type { Channel } from "./channel.ts";
import type { RequestFraming } from "./request_head.ts";

/** A body up to this size goes out in one piece with its head. */
const JOINED_BYTES = 16 * 1024;
/** Largest piece of a chunked body that is copied between its size and its end. */
const CHUNK_BYTES = 64 * 1024;
const CRLF = Uint8Array.of(13, 10);
const LAST_CHUNK = new TextEncoder().encode("0\r\n\r\n");

/** How an upload ended: all of it went out, the upstream takes no more, or the caller's stream failed. */
export type UploadEnd = { readonly how: "sent" | "refused" } | { readonly how: "failed"; readonly error: AppError };

/** One request's bytes. */
export class Upload {
  readonly #channel: Channel;
  readonly #reader: ReadableStreamDefaultReader<Bytes> | undefined;
  readonly #whole: Bytes | undefined;
  readonly #framing: RequestFraming;
  /** Whether all of it was handed to the system. */
  sent = false;

  /** @param framing As in the head. */
  constructor(channel: Channel, body: Body | undefined, framing: RequestFraming) {
    this.#channel = channel;
    this.#framing = framing;
    if (body instanceof Uint8Array) this.#whole = body;
    else this.#reader = body?.getReader();
  }

  /** Sends everything. Never rejects. */
  async run(head: Bytes): Promise<UploadEnd> {
    const whole = this.#whole;
    try {
      const isSmall = whole !== undefined && whole.length <= JOINED_BYTES;
      await this.#channel.write(isSmall ? concat(head, whole) : head);
      if (whole !== undefined && !isSmall) await this.#channel.write(whole);
    } catch {
      this.stop();
      return { how: "refused" };
    }
    const end = this.#reader === undefined ? { how: "sent" } as const : await this.#stream(this.#reader);
    if (end.how === "sent") this.sent = true;
    else this.stop();
    return end;
  }

  /** Lets go of the caller's stream. */
  stop(): void {
    this.#reader?.cancel().catch(() => {});
  }

  async #stream(reader: ReadableStreamDefaultReader<Bytes>): Promise<UploadEnd> {
    let size = 0;
    for (;;) {
      let piece: Bytes | undefined;
      try {
        piece = (await reader.read()).value;
      } catch (error) {
        return { how: "failed", error: error instanceof AppError ? error : badBody("its body ended early") };
      }
      size += piece?.length ?? 0;
      // Shorter, the upstream would wait for the rest; longer, the rest would be a request of its own.
      const isWrong = typeof this.#framing === "number" &&
        (piece === undefined ? size < this.#framing : size > this.#framing);
      if (isWrong) return { how: "failed", error: badBody("its body has not the length that it was said to have") };
      this.#channel.limit.touch();
      try {
        await this.#write(piece);
      } catch {
        return { how: "refused" };
      }
      if (piece === undefined) return { how: "sent" };
    }
  }

  /** One piece of the body, or its end. */
  async #write(piece: Bytes | undefined): Promise<void> {
    if (this.#framing !== "chunked") return piece === undefined ? undefined : await this.#channel.write(piece);
    if (piece === undefined) return await this.#channel.write(LAST_CHUNK);
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      const part = piece.subarray(at, at + CHUNK_BYTES);
      const size = new TextEncoder().encode(`${part.length.toString(16)}\r\n`);
      await this.#channel.write(concat(size, part, CRLF));
    }
  }
}

function badBody(reason: string): AppError {
  return new AppError("bad_request", { reason });
}
