/**
 * Frames of a WebSocket client (RFC 6455 §5): those it sends are masked, those it gets must not be.
 *
 * @module
 */

import type { Bytes } from "../../../kernel/bytes.ts";
import type { ByteReader } from "./byte_reader.ts";

export const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const KNOWN: ReadonlySet<number> = new Set(Object.values(OPCODE));
/** RFC 6455 §5.5. */
const MAX_CONTROL = 125;

/** A frame as it came. */
export interface Frame {
  readonly final: boolean;
  readonly opcode: number;
  readonly payload: Bytes;
}

/** The upstream broke the protocol, or sent more than is taken. `code` is the close code to answer with (§7.4.1). */
export class FrameError extends Error {
  constructor(readonly code: number, message: string) {
    super(message);
  }
}

/** The next frame, with at most `maxBytes` of payload. @throws {FrameError} */
export async function readFrame(reader: ByteReader, maxBytes: number): Promise<Frame> {
  const [first, second] = await reader.exactly(2) as unknown as [number, number];
  const opcode = first & 0x0f, final = (first & 0x80) !== 0;
  // No extension was agreed on, so the reserved bits mean nothing that we could undo.
  if ((first & 0x70) !== 0 || !KNOWN.has(opcode)) throw new FrameError(1002, "a frame of an unknown kind");
  if ((second & 0x80) !== 0) throw new FrameError(1002, "a masked frame");
  const length = await payloadLength(reader, second & 0x7f);
  if (opcode >= OPCODE.close && (!final || length > MAX_CONTROL)) {
    throw new FrameError(1002, "a control frame too long");
  }
  if (length > maxBytes) throw new FrameError(1009, "a message that is too large");
  return { final, opcode, payload: await reader.exactly(length) };
}

async function payloadLength(reader: ByteReader, short: number): Promise<number> {
  if (short < 126) return short;
  const bytes = await reader.exactly(short === 126 ? 2 : 8);
  return bytes.reduce((sum, byte) => sum * 256 + byte, 0);
}

/** A whole message or control frame as bytes to send. @param mask 4 fresh random bytes (§5.3). */
export function maskedFrame(opcode: number, payload: Uint8Array, mask: Uint8Array): Bytes {
  const { length } = payload;
  const extra = length < 126 ? 0 : length < 65_536 ? 2 : 8;
  const out = new Uint8Array(2 + extra + 4 + length);
  out[0] = 0x80 | opcode;
  out[1] = 0x80 | (extra === 0 ? length : extra === 2 ? 126 : 127);
  const view = new DataView(out.buffer);
  if (extra === 2) view.setUint16(2, length);
  if (extra === 8) view.setBigUint64(2, BigInt(length));
  out.set(mask, 2 + extra);
  const start = 6 + extra;
  for (let i = 0; i < length; i++) out[start + i] = payload[i]! ^ mask[i & 3]!;
  return out;
}
