/**
 * Frames on the broker's socket: `kind u8 | length u32be | payload`. Messages are JSON, data is one piece of a body, end is the
 * body's end. Lengths are checked before anything is gathered: a hostile peer cannot make this process hold more than one frame.
 *
 * @module
 */

import { fromUtf8, utf8 } from "../../kernel/bytes.ts";
import { AppError } from "../../kernel/error.ts";
import type { BrokerConnection } from "../../ports/broker.ts";

/** One frame. */
export type Frame =
  | { readonly kind: "message"; readonly value: unknown }
  | { readonly kind: "data"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: "end" };

const KINDS = { message: 0x4d, data: 0x44, end: 0x45 } as const;
const HEADER_BYTES = 5;
/** Longest payload of each kind, in bytes. */
const LONGEST: Readonly<Record<number, number>> = {
  [KINDS.message]: 1024 * 1024,
  [KINDS.data]: 256 * 1024,
  [KINDS.end]: 0,
};

/** Reads frames. Not for concurrent use. */
export class FrameReader {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  #held: Uint8Array<ArrayBuffer> = new Uint8Array(0);

  constructor({ readable }: Pick<BrokerConnection, "readable">) {
    this.#reader = readable.getReader();
  }

  /** The next frame, or undefined at the end of the stream. @throws {AppError} `bad_request` for what is no frame */
  async next(): Promise<Frame | undefined> {
    const header = await this.#take(HEADER_BYTES);
    if (header === undefined) return undefined;
    const kind = header[0]!;
    const length = new DataView(header.buffer, header.byteOffset, HEADER_BYTES).getUint32(1);
    const longest = LONGEST[kind];
    if (longest === undefined || length > longest) throw malformed("a frame of an unknown kind or size");
    const payload = length === 0 ? new Uint8Array(0) : await this.#take(length);
    if (payload === undefined) throw malformed("a frame that was cut short");
    if (kind === KINDS.end) return { kind: "end" };
    return kind === KINDS.data ? { kind: "data", bytes: payload } : { kind: "message", value: parse(payload) };
  }

  /** Exactly `length` bytes; undefined when the stream had ended before the first. */
  async #take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#held.length < length) {
      const taken = new Uint8Array(length);
      let filled = this.#held.length;
      taken.set(this.#held);
      this.#held = new Uint8Array(0);
      while (filled < length) {
        const { value, done } = await this.#reader.read();
        if (done) {
          if (filled === 0) return undefined;
          throw malformed("a frame that was cut short");
        }
        const part = value.subarray(0, length - filled);
        taken.set(part, filled);
        filled += part.length;
        this.#held = value.subarray(part.length);
      }
      return taken;
    }
    const taken = this.#held.slice(0, length);
    this.#held = this.#held.subarray(length);
    return taken;
  }
}

/** Writes frames, each when the one before it has left. */
export class FrameWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;

  constructor({ writable }: Pick<BrokerConnection, "writable">) {
    this.#writer = writable.getWriter();
    // A peer that leaves is noticed at the next write, or by reading.
    this.#writer.closed.catch(() => {});
  }

  async message(value: unknown): Promise<void> {
    const payload = utf8(JSON.stringify(value));
    if (payload.length > LONGEST[KINDS.message]!) {
      throw new AppError("body_too_large", { what: "the message", maxBytes: LONGEST[KINDS.message]! });
    }
    await this.#frame(KINDS.message, payload);
  }

  /** A piece of a body, in as many frames as it needs. */
  async data(bytes: Uint8Array): Promise<void> {
    const longest = LONGEST[KINDS.data]!;
    for (let at = 0; at < bytes.length; at += longest) {
      await this.#frame(KINDS.data, bytes.subarray(at, at + longest));
    }
  }

  async end(): Promise<void> {
    await this.#frame(KINDS.end, new Uint8Array(0));
  }

  async #frame(kind: number, payload: Uint8Array): Promise<void> {
    const frame = new Uint8Array(HEADER_BYTES + payload.length);
    frame[0] = kind;
    new DataView(frame.buffer).setUint32(1, payload.length);
    frame.set(payload, HEADER_BYTES);
    await this.#writer.ready;
    await this.#writer.write(frame);
  }
}

function parse(payload: Uint8Array): unknown {
  try {
    return JSON.parse(fromUtf8(payload));
  } catch {
    throw malformed("a message that is no JSON");
  }
}

function malformed(reason: string): AppError {
  return new AppError("bad_request", { reason: `the socket carried ${reason}` });
}
