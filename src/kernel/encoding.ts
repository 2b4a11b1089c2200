/**
 * Text encodings of bytes: hex, base64url (RFC 4648 §5, no padding), base32 (RFC 4648 §6 lower case, no padding) and
 * Crockford base32. Decoders are strict: another alphabet, padding, or non-zero spare bits are refused, so each byte
 * string has exactly one text.
 *
 * @module
 */

import type { Bytes } from "./bytes.ts";

const HEX = "0123456789abcdef";
const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";
/** Crockford's alphabet: no I, L, O, U. */
export const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

function encodeBits(bytes: Uint8Array, alphabet: string, width: number): string {
  let out = "", buffer = 0, bits = 0;
  for (const byte of bytes) {
    buffer = (buffer << 8) | byte;
    bits += 8;
    while (bits >= width) {
      bits -= width;
      out += alphabet[(buffer >> bits) & ((1 << width) - 1)];
    }
    buffer &= (1 << bits) - 1;
  }
  if (bits > 0) out += alphabet[(buffer << (width - bits)) & ((1 << width) - 1)];
  return out;
}

function decodeBits(text: string, alphabet: string, width: number): Bytes | undefined {
  const out = new Uint8Array(Math.floor((text.length * width) / 8));
  let buffer = 0, bits = 0, at = 0;
  for (const character of text) {
    const value = alphabet.indexOf(character);
    if (value < 0) return undefined;
    buffer = (buffer << width) | value;
    bits += width;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (buffer >> bits) & 0xff;
    }
    buffer &= (1 << bits) - 1;
  }
  if (at !== out.length || bits >= width || buffer !== 0) return undefined;
  return out;
}

/** Lower-case hex. */
export function toHex(bytes: Uint8Array): string {
  return encodeBits(bytes, HEX, 4);
}

/** Bytes of lower-case hex, or undefined. */
export function fromHex(text: string): Bytes | undefined {
  return text.length % 2 === 0 ? decodeBits(text, HEX, 4) : undefined;
}

/** Base64url without padding. By the platform: envelopes come by the megabyte. */
export function toBase64Url(bytes: Uint8Array): string {
  return bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/** Bytes of unpadded base64url, or undefined. */
export function fromBase64Url(text: string): Bytes | undefined {
  try {
    const bytes = Uint8Array.fromBase64(text, { alphabet: "base64url" });
    // The platform passes over padding, spaces and spare bits; the one text of these bytes has none of them.
    return toBase64Url(bytes) === text ? bytes : undefined;
  } catch {
    return undefined;
  }
}

/** Lower-case base32 without padding: ids. */
export function toBase32(bytes: Uint8Array): string {
  return encodeBits(bytes, BASE32, 5);
}

/** Bytes of lower-case unpadded base32, or undefined. */
export function fromBase32(text: string): Bytes | undefined {
  return decodeBits(text, BASE32, 5);
}

/** Crockford base32 without padding: what people read and type. */
export function toCrockford(bytes: Uint8Array): string {
  return encodeBits(bytes, CROCKFORD, 5);
}

/** Bytes of upper-case Crockford base32, or undefined. Callers fold case and look-alikes first. */
export function fromCrockford(text: string): Bytes | undefined {
  return decodeBits(text, CROCKFORD, 5);
}
