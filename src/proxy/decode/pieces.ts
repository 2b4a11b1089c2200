/**
 * A body read in small pieces.
 *
 * @module
 */

import { concat } from "../../kernel/bytes.ts";

/** Most bytes of one piece: what a decoder is given at once. */
export const PIECE_BYTES = 32 * 1024;

/** A body in small pieces, with a look at its first bytes. */
export class Pieces {
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
      this.#rest = concat(this.#rest, more);
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

  /** Gives back the end of the last piece. */
  unread(rest: Uint8Array): void {
    this.#rest = concat(rest, this.#rest);
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
