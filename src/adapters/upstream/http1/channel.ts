/**
 * A connection's bytes on their way in and out. Reads go into one buffer of bounded size, and what is in it is copied out, so a
 * slow reader costs at most that buffer; while a body flows, the next read runs ahead of the reader. Handing on costs more by the
 * piece than by the byte, so the buffer of a body that comes faster than it goes is larger where there is spare memory.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import { Limit } from "../limit.ts";
import { BadAnswer } from "./bad_answer.ts";
import type { SpareMemory } from "./spare_memory.ts";

/** A TLS record's worth, which is most that one read of a TLS connection gives. */
const FIRST_BYTES = 16 * 1024;
/** Largest buffer without spare memory, and largest head. */
export const MAX_BUFFER_BYTES = 64 * 1024;
/** Largest buffer of a body. */
export const MAX_SPARE_BUFFER_BYTES = 256 * 1024;
const CR = 13, LF = 10;
const TOO_LARGE = "its answer's head is not valid or too large";
const START = new TextEncoder().encode("HTTP/1.");

/** A connection to an origin. */
export class Channel {
  readonly address: string;
  /** Whatever it waits for now. */
  readonly limit = new Limit();
  readonly #connection: Pick<Deno.Conn, "read" | "write" | "close">;
  #buffer: Bytes = new Uint8Array(FIRST_BYTES);
  #from = 0;
  #to = 0;
  /** Up to where the buffer was searched for a line's end. */
  #searched = 0;
  #reading: Promise<void> | undefined;
  #ended = false;
  #closed = false;
  #failure: unknown;
  #flowing = false;
  #onStir: (() => void) | undefined;
  readonly #spare: SpareMemory | undefined;

  /** @param spare Where memory beyond {@linkcode MAX_BUFFER_BYTES} comes from; none for none. */
  constructor(connection: Pick<Deno.Conn, "read" | "write" | "close">, address: string, spare?: SpareMemory) {
    this.#connection = connection;
    this.address = address;
    this.#spare = spare;
  }

  /** How many bytes are here. */
  get here(): number {
    return this.#to - this.#from;
  }

  /** Nothing more will come or go. */
  get over(): boolean {
    return this.#ended || this.#closed;
  }

  /** Waits for more bytes than are here now. False at the connection's end. @throws what reading threw, {@linkcode BadAnswer} */
  async more(): Promise<boolean> {
    if (!this.over && this.#reading === undefined && !this.#read()) {
      throw new BadAnswer(TOO_LARGE);
    }
    await this.#reading;
    if (this.#failure !== undefined) throw this.#failure;
    return !this.over;
  }

  /** With `true`, reads run ahead of the reader, as far as the buffer goes. */
  set flowing(flows: boolean) {
    this.#flowing = flows;
    this.#ahead();
  }

  /** The next `count` bytes that are here, in an array of their own. */
  take(count: number): Bytes {
    const bytes = this.#buffer.slice(this.#from, this.#from + count);
    this.skip(count);
    return bytes;
  }

  /** The next bytes that are here without being taken; valid until the next call of this object. */
  peek(count: number): Uint8Array {
    return this.#buffer.subarray(this.#from, this.#from + count);
  }

  skip(count: number): void {
    this.#from += count;
    this.#searched = this.#from;
  }

  /** The next line without its end, one character a byte; undefined while it is not whole. @throws {BadAnswer} */
  line(maxBytes: number): string | undefined {
    const at = this.#lineFeed(this.#searched);
    const length = (at < 0 ? this.#to : at) - this.#from;
    if (length > maxBytes) throw new BadAnswer("its answer has a line that is too long");
    if (at < 0) return void (this.#searched = this.#to);
    const text = byteText(this.#buffer.subarray(this.#from, at - 1));
    this.skip(at + 1 - this.#from);
    return text;
  }

  /** The lines of an answer's head up to an empty one, without that; undefined while it is not here. @throws {BadAnswer} */
  head(): string | undefined {
    for (let at = this.#lineFeed(this.#searched); at >= 0; at = this.#lineFeed(at + 1)) {
      this.#searched = at + 1;
      if (at - 1 === this.#from) throw new BadAnswer("its answer is not HTTP/1.1");
      if (this.#buffer[at - 2] !== LF || at - 3 < this.#from) continue;
      // The buffer may be larger: it was a body's before.
      if (at - this.#from >= MAX_BUFFER_BYTES) throw new BadAnswer(TOO_LARGE);
      const text = byteText(this.#buffer.subarray(this.#from, at - 3));
      this.skip(at + 1 - this.#from);
      return text;
    }
    // What does not even begin like an answer is not waited for.
    if (START.some((byte, i) => i < this.here && this.#buffer[this.#from + i] !== byte)) {
      throw new BadAnswer("its answer is not HTTP/1.1");
    }
    if (this.here >= MAX_BUFFER_BYTES) throw new BadAnswer(TOO_LARGE);
    this.#searched = this.#to;
    return undefined;
  }

  /** Where the next line ends, at `from` or later; −1 when that is not here. A line feed alone ends no line (RFC 9112 §2.2). */
  #lineFeed(from: number): number {
    const at = this.#buffer.indexOf(LF, from);
    if (at < 0 || at >= this.#to) return -1;
    if (at === this.#from || this.#buffer[at - 1] !== CR) {
      throw new BadAnswer("its answer has a line that ends wrongly");
    }
    return at;
  }

  /** @throws what writing threw */
  async write(bytes: Uint8Array): Promise<void> {
    let at = await this.#connection.write(bytes);
    while (at < bytes.length) {
      this.limit.touch();
      at += await this.#connection.write(bytes.subarray(at));
    }
  }

  /**
   * Rests between two requests: whatever comes now, an end or a byte that nobody asked for, calls `onStir`.
   *
   * @param ms Longest rest; then `onStir` is called as well.
   */
  rest(ms: number, onStir: () => void): void {
    this.#onStir = onStir;
    this.limit.begin(ms, onStir);
    this.flowing = true;
  }

  /** Ends the rest. */
  wake(): void {
    this.#onStir = undefined;
    this.#flowing = false;
    this.limit.stop();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#buffer.length > MAX_BUFFER_BYTES) this.#spare?.give(this.#buffer.length - MAX_BUFFER_BYTES);
    this.limit.end();
    try {
      this.#connection.close();
    } catch {
      // It was closed already.
    }
  }

  #ahead(): void {
    if (this.#flowing && !this.over && this.#reading === undefined) this.#read();
  }

  /** Begins to read; false when there is no room. */
  #read(): boolean {
    if (!this.#makeRoom()) return false;
    this.#reading = this.#connection.read(this.#buffer.subarray(this.#to)).then(
      (count) => this.#arrived(count),
      (error) => {
        this.#failure = error;
        this.#arrived(null);
      },
    );
    return true;
  }

  #arrived(count: number | null): void {
    this.#reading = undefined;
    if (count === null) this.#ended = true;
    else this.#to += count;
    this.#onStir?.();
    this.#ahead();
  }

  #makeRoom(): boolean {
    const size = this.#buffer.length, here = this.here;
    if (here > 0 && size - this.#to >= size / 4) return true;
    const isTight = here > 0 ? here > size / 2 : this.#to === size;
    const larger = isTight ? this.#largerThan(size) : size;
    if (larger > size) this.#grow(larger);
    else this.#buffer.copyWithin(0, this.#from, this.#to);
    this.#searched -= this.#from;
    this.#from = 0;
    this.#to = here;
    return here < this.#buffer.length;
  }

  /** The size to which a buffer of `size` may grow; `size` when it may not. */
  #largerThan(size: number): number {
    if (size < MAX_BUFFER_BYTES) return size * 2;
    const isSpare = size === MAX_BUFFER_BYTES && this.#flowing &&
      this.#spare?.take(MAX_SPARE_BUFFER_BYTES - MAX_BUFFER_BYTES) === true;
    return isSpare ? MAX_SPARE_BUFFER_BYTES : size;
  }

  /** Moves what is here to the beginning of a larger buffer. */
  #grow(size: number): void {
    const larger = new Uint8Array(size);
    larger.set(this.peek(this.here));
    this.#buffer = larger;
  }
}

const decoder = new TextDecoder();

/** One character a byte. */
function byteText(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  // Longer or shorter than its bytes, or with a replaced one: not ASCII.
  return text.length === bytes.length && !text.includes("\ufffd")
    ? text
    : Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
