/**
 * Lines out of pieces, each byte looked at once: a body of some MiB in an argument comes in pieces of 64 KiB.
 *
 * @module
 */

const NEWLINE = 0x0a;

/** Cuts a stream of bytes at each newline. */
export class Lines {
  readonly #maxBytes: number;
  readonly #decoder = new TextDecoder();
  #begun: Uint8Array[] = [];
  #length = 0;

  /** @param maxBytes Longest line, in bytes without its newline. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /**
   * The lines that `piece` ends. What follows the last newline is kept for the next piece.
   *
   * @throws {RangeError} when a line is too long: there is no telling where the next message begins
   */
  *add(piece: Uint8Array): Generator<string> {
    let from = 0;
    for (let at = piece.indexOf(NEWLINE); at >= 0; at = piece.indexOf(NEWLINE, from)) {
      this.#keep(piece.subarray(from, at));
      yield this.#take();
      from = at + 1;
    }
    this.#keep(piece.subarray(from));
  }

  #keep(part: Uint8Array): void {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw new RangeError("line too long");
    if (part.length > 0) this.#begun.push(part);
  }

  #take(): string {
    const line = new Uint8Array(this.#length);
    let at = 0;
    for (const part of this.#begun) {
      line.set(part, at);
      at += part.length;
    }
    this.#begun = [];
    this.#length = 0;
    return this.#decoder.decode(line);
  }
}
