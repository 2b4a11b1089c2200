/**
 * Where a body ends (RFC 9112 §6.2, §7.1, §6.3): each kind takes from a channel what belongs to the body, and leaves the rest.
 *
 * @module
 */

import { type Bytes, concat } from "../../../kernel/bytes.ts";
import { BadAnswer } from "./bad_answer.ts";
import type { Channel } from "./channel.ts";
import type { ResponseFraming } from "./response_head.ts";

/** A body that is being read. */
export interface Framing {
  /** Nothing of the body is left. */
  readonly done: boolean;
  /** Whether the connection's end is the body's. */
  readonly endsWithConnection: boolean;
  /** What is here of the body, as one piece; undefined when nothing is. @throws {BadAnswer} */
  take(channel: Channel): Bytes | undefined;
  /** Whether the last piece is not all that is here: others are to have their turn before the next. */
  readonly spent: boolean;
}

/** The reader of a body that is framed so. */
export function framingOf(framing: ResponseFraming): Framing {
  if (framing === "chunked") return new ChunkedFraming();
  if (framing === "until-close") return new UntilClose();
  return new LengthFraming(framing === "none" ? 0 : framing);
}

/** `Content-Length`. */
class LengthFraming implements Framing {
  readonly endsWithConnection = false;
  readonly spent = false;
  #left: number;

  constructor(length: number) {
    this.#left = length;
  }

  get done(): boolean {
    return this.#left === 0;
  }

  take(channel: Channel): Bytes | undefined {
    const count = Math.min(this.#left, channel.here);
    this.#left -= count;
    return count === 0 ? undefined : channel.take(count);
  }
}

/** Neither length nor chunks. */
class UntilClose implements Framing {
  readonly done = false;
  readonly spent = false;
  readonly endsWithConnection = true;

  take(channel: Channel): Bytes | undefined {
    return channel.here === 0 ? undefined : channel.take(channel.here);
  }
}

/** Longest line of a chunk's size with its extensions, and of a trailer; most bytes of all trailers. */
const MAX_LINE = 4 * 1024;
const MAX_TRAILER_BYTES = 16 * 1024;
/** Most chunks of one piece: a buffer holds tens of thousands of a byte each, which is time that others wait. */
const MAX_RUNS = 512;
/** At most 2⁵² bytes; extensions (§7.1.1) are read over. */
const SIZE_LINE = /^([0-9A-Fa-f]{1,13})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
const TRAILER_LINE = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\t\x20-\x7e\x80-\xff]*$/;

/** `Transfer-Encoding: chunked`. Trailers are checked and dropped: a caller's connection has no place for them. */
class ChunkedFraming implements Framing {
  readonly endsWithConnection = false;
  done = false;
  #part: "size" | "data" | "data-end" | "trailers" = "size";
  #left = 0;
  #trailerBytes = 0;
  spent = false;

  take(channel: Channel): Bytes | undefined {
    const runs: Uint8Array[] = [];
    while (!this.done && runs.length < MAX_RUNS && this.#step(channel, runs));
    this.spent = runs.length === MAX_RUNS;
    return runs.length === 0 ? undefined : runs.length === 1 ? runs[0]!.slice() as Bytes : concat(...runs);
  }

  /** One part of the grammar; false when it is not here yet. Data goes to `runs`, not yet copied. */
  #step(channel: Channel, runs: Uint8Array[]): boolean {
    if (this.#part === "data") {
      const count = Math.min(this.#left, channel.here);
      if (count === 0) return false;
      runs.push(channel.peek(count));
      channel.skip(count);
      this.#left -= count;
      if (this.#left === 0) this.#part = "data-end";
      return true;
    }
    const line = channel.line(MAX_LINE);
    if (line === undefined) return false;
    if (this.#part === "size") this.#begin(line);
    else if (this.#part === "trailers") this.#trailer(line);
    else if (line === "") this.#part = "size";
    else throw new BadAnswer("its answer has a chunk that is longer than it says");
    return true;
  }

  #begin(line: string): void {
    const size = SIZE_LINE.exec(line)?.[1];
    if (size === undefined) throw new BadAnswer("its answer has a chunk without a valid size");
    this.#left = parseInt(size, 16);
    this.#part = this.#left === 0 ? "trailers" : "data";
  }

  #trailer(line: string): void {
    this.#trailerBytes += line.length;
    if (line === "") this.done = true;
    else if (!TRAILER_LINE.test(line) || this.#trailerBytes > MAX_TRAILER_BYTES) {
      throw new BadAnswer("its answer has a trailer that is not valid");
    }
  }
}
