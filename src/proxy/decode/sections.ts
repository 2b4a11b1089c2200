/**
 * What one decoder of node:zlib is given: all of a body, or one zstd frame of it. Deno's zstd decoder stops after its first frame
 * without a word, and takes a cut-off frame for a whole one.
 *
 * @module
 */

import type { Coding } from "./decode.ts";
import type { Pieces } from "./pieces.ts";
import { ZstdFrames } from "./zstd_frames.ts";

/** The input of one decoder. */
export interface Section {
  /** The next piece, or undefined at the end of the section. */
  next(): Promise<Uint8Array | undefined>;
  /** Whether another section follows this one, which is at its end. */
  hasNext(): Promise<boolean>;
}

/** The next section of `body`. */
export function sectionOf(body: Pieces, coding: Coding): Section {
  return coding === "zstd"
    ? new FrameSection(body)
    : { next: () => body.next(), hasNext: () => Promise.resolve(false) };
}

class FrameSection implements Section {
  readonly #body: Pieces;
  readonly #frames = new ZstdFrames();
  #begun = false;

  constructor(body: Pieces) {
    this.#body = body;
  }

  async next(): Promise<Uint8Array | undefined> {
    if (this.#begun && this.#frames.between) return undefined;
    this.#begun = true;
    const piece = await this.#body.next();
    if (piece === undefined) throw new TypeError("The coded body is cut off");
    const used = this.#frames.push(piece);
    this.#body.unread(piece.subarray(used));
    return piece.subarray(0, used);
  }

  async hasNext(): Promise<boolean> {
    return (await this.#body.peek(1)).length > 0;
  }
}
