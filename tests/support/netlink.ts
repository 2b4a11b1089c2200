/**
 * Answers of the kernel's sock_diag(7), made by hand, in this machine's byte order.
 *
 * @module
 */

import type { SocketFacts, SocketName } from "../../ffi/inet_diag.ts";

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

function message(size: number, type: number, sequence: number): { bytes: Uint8Array<ArrayBuffer>; view: DataView } {
  const bytes = new Uint8Array(size), view = new DataView(bytes.buffer);
  view.setUint32(0, size, LITTLE_ENDIAN);
  view.setUint16(4, type, LITTLE_ENDIAN);
  view.setUint32(8, sequence, LITTLE_ENDIAN);
  return { bytes, view };
}

/** The socket `name` as `facts` describe it. */
export function diagnosticAnswer(name: SocketName, sequence: number, facts: SocketFacts): Uint8Array<ArrayBuffer> {
  const { bytes, view } = message(124, 20, sequence);
  bytes[16] = name.source.length === 4 ? 2 : 10;
  bytes[17] = facts.state;
  view.setUint16(20, name.sourcePort);
  view.setUint16(22, name.destinationPort);
  bytes.set(name.source, 24);
  bytes.set(name.destination, 40);
  view.setUint32(80, facts.uid, LITTLE_ENDIAN);
  view.setUint32(84, facts.inode, LITTLE_ENDIAN);
  return bytes;
}

/** An error; `code` is negative, as errno(3) without its name. */
export function diagnosticError(sequence: number, code: number): Uint8Array<ArrayBuffer> {
  const { bytes, view } = message(36, 2, sequence);
  view.setInt32(16, code, LITTLE_ENDIAN);
  return bytes;
}

/** The number of a question that was sent. */
export function sequenceOf(question: Uint8Array): number {
  return new DataView(question.buffer, question.byteOffset).getUint32(8, LITTLE_ENDIAN);
}
