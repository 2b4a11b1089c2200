/**
 * Files of lines: all lines, the last one that was acknowledged, and the repair of what a crash left after it.
 *
 * @module
 */

import { UNVOUCHED_END } from "../../ports/audit_sink.ts";

const READ_BLOCK = 64 * 1024;
/** Reading backwards: a few lines at once. */
const TAIL_BLOCK = 8 * 1024;
const LINE_FEED = 0x0a;
const END_OF_RECORD = 0x7d; // "}": a record is one flat JSON object, so no torn one ends with it

/** The lines in the first `size` bytes of a file, in order; closes it. A last one without line feed counts only if it is whole. */
export async function* linesOf(file: Deno.FsFile, size: number, signal?: AbortSignal): AsyncGenerator<string> {
  try {
    const decoder = new TextDecoder(), block = new Uint8Array(READ_BLOCK);
    let rest = "";
    for (let left = size; left > 0;) {
      signal?.throwIfAborted();
      const count = await file.read(block.subarray(0, Math.min(left, block.length)));
      if (count === null) break;
      left -= count;
      const lines = (rest + decoder.decode(block.subarray(0, count), { stream: true })).split("\n");
      rest = lines.pop()!;
      yield* lines;
    }
    if (rest.endsWith("}")) yield rest;
  } finally {
    file.close();
  }
}

/** Where the acknowledged lines of a file end. */
export interface AcknowledgedEnd {
  /** The last line that ends a group; undefined when there is none. */
  readonly line: string | undefined;
  /** Size of the file up to the end of that line and its line feed. */
  readonly size: number;
  /** Whether the line feed is there. */
  readonly complete: boolean;
}

/** Finds the last line that ends a group, whatever torn or unvouched ones follow it. */
export function acknowledgedEnd(file: Deno.FsFile, size: number): AcknowledgedEnd {
  const isWhole = size > 0 && readAt(file, size - 1, 1)[0] === END_OF_RECORD;
  for (let end = isWhole ? size : lineFeedBefore(file, size); end > 0;) {
    const start = lineFeedBefore(file, end) + 1;
    const line = new TextDecoder().decode(readAt(file, start, end - start));
    if (!line.endsWith(UNVOUCHED_END)) return { line, size: end + 1, complete: end < size };
    end = start - 1;
  }
  return { line: undefined, size: 0, complete: true };
}

/** Cuts off what was never acknowledged, and completes the last line. */
export function repairTail(file: Deno.FsFile, size: number, end: AcknowledgedEnd): void {
  if (size > end.size) file.truncateSync(end.size);
  if (end.complete) return;
  file.seekSync(end.size - 1, Deno.SeekMode.Start);
  file.writeSync(Uint8Array.of(LINE_FEED));
}

/** Position of the last line feed before `end`, or −1. */
function lineFeedBefore(file: Deno.FsFile, end: number): number {
  while (end > 0) {
    const start = Math.max(0, end - TAIL_BLOCK);
    const at = readAt(file, start, end - start).lastIndexOf(LINE_FEED);
    if (at >= 0) return start + at;
    end = start;
  }
  return -1;
}

function readAt(file: Deno.FsFile, position: number, length: number): Uint8Array {
  file.seekSync(position, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = file.readSync(bytes.subarray(at));
    if (count === null) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}
