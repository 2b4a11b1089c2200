/**
 * The decoders of node:zlib, one for each coding, with their limits.
 *
 * @module
 */

import process from "node:process";
import type { Coding } from "./decode.ts";
import { Decoder } from "./decoder.ts";
import { PIECE_BYTES } from "./pieces.ts";
import { MAX_WINDOW_LOG } from "./zstd_frames.ts";

/** node:zlib, loaded when an answer is coded at all. */
const zlib = (): typeof import("node:zlib") => process.getBuiltinModule("node:zlib");

/** Whether this runtime decodes zstd: Deno before 2.7 names the function but has nothing behind it. */
export function hasZstd(): boolean {
  try {
    zlib().createZstdDecompress().destroy();
    return true;
  } catch {
    return false;
  }
}

/** A decoder for a body of `coding` that begins with `head` (two bytes or more, unless the body is shorter). */
export function createDecoder(coding: Coding, head: Uint8Array): Decoder {
  const { constants, ...node } = zlib();
  const options = { chunkSize: PIECE_BYTES, highWaterMark: PIECE_BYTES };
  switch (coding) {
    case "gzip":
      return new Decoder(node.createGunzip(options));
    case "deflate":
      return new Decoder(isZlib(head) ? node.createInflate(options) : node.createInflateRaw(options));
    case "br":
      return new Decoder(node.createBrotliDecompress(options), new Uint8Array(1));
    case "zstd": {
      const params = { [constants.ZSTD_d_windowLogMax]: MAX_WINDOW_LOG };
      return new Decoder(node.createZstdDecompress({ ...options, params }));
    }
    default:
      return coding satisfies never;
  }
}

/** RFC 1950 §2.2: method 8, and the first two bytes are a multiple of 31. Some servers send bare RFC 1951 as `deflate`. */
function isZlib(head: Uint8Array): boolean {
  const [method = 0, flags = 0] = head;
  return (method & 15) === 8 && method >> 4 <= 7 && (method << 8 | flags) % 31 === 0;
}
