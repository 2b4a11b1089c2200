/**
 * The frame structure of zstd (RFC 8878 §3.1), without decoding: tells where a frame ends, and refuses windows that a server
 * on the web must not ask for.
 *
 * @module
 */

/** RFC 9659 §3: a window on the web is at most 8 MiB. */
export const MAX_WINDOW_LOG = 23;
const MAX_WINDOW_BYTES = 2 ** MAX_WINDOW_LOG;

const MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
/** Bytes of the content size field by its flag; flag 0 means one byte when there is no window descriptor. */
const SIZE_FIELD = [0, 2, 4, 8];
const DICTIONARY_FIELD = [0, 1, 2, 4];

/** What the next field is, and what to do with its bytes. */
type Next = (field: DataView) => void;

/** Follows the frames of one body. */
export class ZstdFrames {
  #field = new Uint8Array(4);
  #have = 0;
  #next: Next = (field) => this.#magic(field);
  #skip = 0;
  #inFrame = false;
  #checksum = false;

  /**
   * Reads on to the end of `piece` or of the frame, whichever comes first, and returns how many bytes that is.
   *
   * @throws {TypeError} If this cannot be zstd, or its window is too large.
   */
  push(piece: Uint8Array): number {
    for (let at = 0; at < piece.length;) {
      if (this.#skip > 0) {
        const skipped = Math.min(this.#skip, piece.length - at);
        this.#skip -= skipped;
        at += skipped;
      } else {
        this.#inFrame = true;
        this.#field[this.#have++] = piece[at++]!;
        if (this.#have === this.#field.length) this.#next(new DataView(this.#field.buffer));
      }
      if (this.between) return at;
    }
    return piece.length;
  }

  /** Whether the bytes so far are whole frames. */
  get between(): boolean {
    return !this.#inFrame && this.#skip === 0;
  }

  /** Expects a field of `length` bytes, after `skip` bytes of content. */
  #expect(length: number, next: Next, skip = 0): void {
    this.#field = new Uint8Array(length);
    this.#have = 0;
    this.#next = next;
    this.#skip = skip;
  }

  #frameEnd(skip: number): void {
    this.#inFrame = false;
    this.#expect(4, (field) => this.#magic(field), skip);
  }

  #magic(field: DataView): void {
    const magic = field.getUint32(0, true);
    if (magic === MAGIC) this.#expect(1, (descriptor) => this.#descriptor(descriptor.getUint8(0)));
    else if ((magic & ~15) >>> 0 === SKIPPABLE_MAGIC) {
      this.#expect(4, (size) => this.#frameEnd(size.getUint32(0, true)));
    } else throw new TypeError("Not a zstd frame");
  }

  #descriptor(flags: number): void {
    const single = (flags & 0x20) !== 0;
    this.#checksum = (flags & 4) !== 0;
    const size = flags >> 6 === 0 && single ? 1 : SIZE_FIELD[flags >> 6]!;
    const lead = (single ? 0 : 1) + DICTIONARY_FIELD[flags & 3]!;
    const header: Next = (field) => {
      const window = single ? contentSize(field, lead, size) : windowSize(field.getUint8(0));
      if (window > MAX_WINDOW_BYTES) throw new TypeError("The zstd window is too large");
      this.#block();
    };
    this.#expect(lead + size, header);
  }

  #block(skip = 0): void {
    this.#expect(3, (field) => {
      const header = field.getUint16(0, true) | field.getUint8(2) << 16;
      const kind = header >> 1 & 3, size = kind === 1 ? 1 : header >> 3;
      if (kind === 3) throw new TypeError("A reserved zstd block");
      if ((header & 1) === 0) this.#block(size);
      else this.#frameEnd(size + (this.#checksum ? 4 : 0));
    }, skip);
  }
}

/** RFC 8878 §3.1.1.1.2. */
function windowSize(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + base / 8 * (descriptor & 7);
}

/** RFC 8878 §3.1.1.1.4: without a window descriptor the whole content is the window. */
function contentSize(field: DataView, at: number, length: number): number {
  if (length === 1) return field.getUint8(at);
  if (length === 2) return field.getUint16(at, true) + 256;
  return length === 4 ? field.getUint32(at, true) : Number(field.getBigUint64(at, true));
}
