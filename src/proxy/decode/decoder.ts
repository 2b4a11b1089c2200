/**
 * A transform of node:zlib, pulled: it gets input only when it has no output left, so its memory does not depend on the input.
 *
 * @module
 */

import type { Transform } from "node:stream";
import type { Pieces } from "./pieces.ts";

/** What the decoders of node:zlib are; `bytesWritten` counts the bytes that they used. */
export type ZlibTransform = Transform & { readonly bytesWritten: number };

/**
 * How a cut-off body is told from a whole one. node:zlib reports it for gzip and deflate by itself; Deno's does not for
 * br and zstd.
 */
export interface Ending {
  /** Bytes to write after the last one: a decoder that is done leaves them alone. */
  readonly probe?: Uint8Array;
  /** Called with each piece. */
  readonly saw?: (piece: Uint8Array) => void;
  /** Called after the last piece; throws when it cannot have been the last. */
  readonly check?: () => void;
}

/** Pulls output from a transform of node:zlib, giving it input only when it has none left. */
export class Decoder {
  readonly #transform: ZlibTransform;
  readonly #ending: Ending;
  #waiting: (() => void) | undefined;
  #error: unknown;
  #ended = false;
  #wantsInput = true;
  #given = 0;

  constructor(transform: ZlibTransform, ending: Ending) {
    this.#transform = transform;
    this.#ending = ending;
    const wake = (): void => this.#waiting?.();
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
    this.#waiting?.();
  }

  async #feed(source: Pieces): Promise<void> {
    const piece = await source.next();
    if (this.#ended) return;
    this.#wantsInput = false;
    if (piece !== undefined) {
      this.#ending.saw?.(piece);
      this.#given += piece.length;
      // The callback comes when all of the piece is decoded and its output has been taken.
      this.#transform.write(piece, () => this.#inputTaken());
    } else if (this.#ending.probe === undefined) {
      this.#ending.check?.();
      this.#transform.end();
    } else {
      this.#transform.write(this.#ending.probe, () => {
        // A finished decoder leaves the probe alone; this one wanted more.
        if (this.#transform.bytesWritten > this.#given) this.#error = new TypeError("The coded body is cut off");
        this.#inputTaken();
      });
    }
  }

  #inputTaken(): void {
    this.#wantsInput = true;
    this.#waiting?.();
  }

  /** Waits until output, the end, an error or room for input comes. */
  #change(): Promise<void> {
    if (this.#wantsInput || this.#ended || this.#transform.readableLength > 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting = () => {
        this.#waiting = undefined;
        resolve();
      };
    });
  }
}
