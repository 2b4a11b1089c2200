/**
 * Byte strings: joining, comparing and the length-prefixed encoding `LP` of docs/spec/protocol.md §3.
 *
 * @module
 */

/** Bytes with a buffer of their own, as the platform's functions want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

/** A source of uniformly random bytes; the only way randomness enters a pure layer. */
export type RandomBytes = (length: number) => Bytes;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 bytes of `text`. Lone surrogates become U+FFFD, as in the platform's encoder. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Text of UTF-8 `bytes`; a byte order mark is kept.
 *
 * @throws {TypeError} If the bytes are not valid UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** The parts one after another, in a new buffer. */
export function concat(...parts: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Four bytes, big-endian. @throws {RangeError} If `value` is not in 0…2³²−1. */
export function u32be(value: number): Bytes {
  if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) throw new RangeError("u32 out of range");
  const out = new Uint8Array(4);
  new DataView(out.buffer).setUint32(0, value);
  return out;
}

/** Eight bytes, big-endian. @throws {RangeError} If `value` is not a safe integer ≥ 0. */
export function u64be(value: number): Bytes {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError("u64 out of range");
  const out = new Uint8Array(8);
  new DataView(out.buffer).setBigUint64(0, BigInt(value));
  return out;
}

/** Length-prefixed list: u32 count, then each field as u32 length and bytes. Injective: no two lists share an encoding. */
export function lengthPrefixed(...fields: readonly Uint8Array[]): Bytes {
  const out = new Uint8Array(fields.reduce((sum, field) => sum + 4 + field.length, 4));
  const view = new DataView(out.buffer);
  view.setUint32(0, fields.length);
  let at = 4;
  for (const field of fields) {
    view.setUint32(at, field.length);
    out.set(field, at + 4);
    at += 4 + field.length;
  }
  return out;
}

/** Whether `a` and `b` are equal, in time that depends on their lengths only. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}
