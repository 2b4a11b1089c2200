/**
 * A transform of node:zlib, pulled: it gets input only when it has no output left, so its memory does not depend on the input.
 *
 * @module
 */

import type { Transform } from "node:stream";
import type { Section } from "./sections.ts";

/** What the decoders of node:zlib are; `bytesWritten` counts the bytes that they used. */
export type ZlibTransform = Transform & { readonly bytesWritten: number };

/** Pulls output from a transform of node:zlib, giving it input only when it has none left. */
export class Decoder {
  readonly #transform: ZlibTransform;
  readonly #probe: Uint8Array | undefined;
  #waiting: (() => void) | undefined;
  #error: unknown;
  #ended = false;
  #wantsInput = true;
  #given = 0;

  /**
   * `probe`: bytes to write after the last one, which a decoder that is done leaves alone. node:zlib reports a cut-off gzip or
   * deflate body by itself; Deno's does not report a cut-off br body.
   */
  constructor(transform: ZlibTransform, probe?: Uint8Array) {
    this.#transform = transform;
    this.#probe = probe;
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
  async read(source: Section): Promise<Uint8Array | undefined> {
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

  async #feed(source: Section): Promise<void> {
    const piece = await source.next();
    if (this.#ended) return;
    this.#wantsInput = false;
    if (piece !== undefined) {
      this.#given += piece.length;
      // The callback comes when all of the piece is decoded and its output has been taken.
      this.#transform.write(piece, () => this.#inputTaken());
    } else if (this.#probe === undefined) {
      this.#transform.end();
    } else {
      this.#transform.write(this.#probe, () => {
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
