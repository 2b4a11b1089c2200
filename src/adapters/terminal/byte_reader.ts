/**
 * Reading a stream in pieces without losing what was read too early: lines, single bytes, then the rest.
 *
 * Buffers are wiped as they are consumed, because a password may be in them.
 *
 * @module
 */

import { AppError } from "../../kernel/error.ts";

/** What can be read from: `Deno.stdin`, an opened file. */
export interface Source {
  read(into: Uint8Array): Promise<number | null>;
}

const CHUNK = 16 * 1024;

/** A source with a memory for bytes that were read and not yet wanted. */
export class ByteReader {
  readonly #source: Source;
  #pending = new Uint8Array(0);
  #ended = false;

  constructor(source: Source) {
    this.#source = source;
  }

  /** The next bytes, at least one; undefined at the end. The caller owns them. */
  async chunk(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#pending.length > 0) {
      const pending = this.#pending;
      this.#pending = new Uint8Array(0);
      return pending;
    }
    if (this.#ended) return undefined;
    const buffer = new Uint8Array(CHUNK);
    const count = await this.#source.read(buffer);
    if (count === null) {
      this.#ended = true;
      return undefined;
    }
    const bytes = buffer.slice(0, count);
    buffer.fill(0);
    return count === 0 ? await this.chunk() : bytes;
  }

  /** Gives back bytes of the last chunk that were not used. */
  putBack(bytes: Uint8Array): void {
    const joined = new Uint8Array(bytes.length + this.#pending.length);
    joined.set(bytes);
    joined.set(this.#pending, bytes.length);
    this.#pending.fill(0);
    this.#pending = joined;
  }

  /**
   * The next line without `\n` or `\r\n`; undefined at the end.
   *
   * @throws {AppError} `body_too_large`
   */
  async line(maxBytes: number, what: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const collected = new Collector(maxBytes, what);
    for (let chunk = await this.chunk(); chunk !== undefined; chunk = await this.chunk()) {
      const end = chunk.indexOf(0x0a);
      collected.add(end < 0 ? chunk : chunk.subarray(0, end));
      if (end >= 0) this.putBack(chunk.subarray(end + 1));
      chunk.fill(0);
      if (end >= 0) return withoutReturn(collected.take());
    }
    return collected.length === 0 ? undefined : withoutReturn(collected.take());
  }

  /** Everything that is left. @throws {AppError} `body_too_large` */
  async rest(maxBytes: number, what: string): Promise<Uint8Array<ArrayBuffer>> {
    const collected = new Collector(maxBytes, what);
    for (let chunk = await this.chunk(); chunk !== undefined; chunk = await this.chunk()) {
      collected.add(chunk);
      chunk.fill(0);
    }
    return collected.take();
  }
}

/** Joins pieces up to a limit; wipes what it outgrows. */
class Collector {
  readonly #maxBytes: number;
  readonly #what: string;
  #buffer = new Uint8Array(1024);
  length = 0;

  constructor(maxBytes: number, what: string) {
    this.#maxBytes = maxBytes;
    this.#what = what;
  }

  add(bytes: Uint8Array): void {
    const length = this.length + bytes.length;
    if (length > this.#maxBytes) {
      this.#buffer.fill(0);
      throw new AppError("body_too_large", { what: this.#what, maxBytes: this.#maxBytes });
    }
    if (length > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      grown.set(this.#buffer.subarray(0, this.length));
      this.#buffer.fill(0);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.length);
    this.length = length;
  }

  take(): Uint8Array<ArrayBuffer> {
    const bytes = this.#buffer.slice(0, this.length);
    this.#buffer.fill(0);
    this.length = 0;
    return bytes;
  }
}

function withoutReturn(line: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  if (line.at(-1) !== 0x0d) return line;
  const trimmed = line.slice(0, -1);
  line.fill(0);
  return trimmed;
}
