/**
 * Files of lines: the last line, all lines, and the repair of what a crash left torn.
 *
 * @module
 */

const BLOCK = 64 * 1024;
const LINE_FEED = 0x0a;
const END_OF_RECORD = 0x7d; // "}": a record is one flat JSON object, so no torn one ends with it

/** The lines of a file, in order; closes it. A last one without line feed counts only if it is whole. */
export async function* linesOf(file: Deno.FsFile, signal?: AbortSignal): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const block of file.readable) {
    signal?.throwIfAborted();
    const lines = (rest + decoder.decode(block, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest.endsWith("}")) yield rest;
}

/**
 * Makes the file end with a line feed: a torn last line, never acknowledged, is cut off; a whole one without its line feed gets it.
 *
 * @returns The file's size afterwards.
 */
export async function repairTail(file: Deno.FsFile, size: number): Promise<number> {
  if (size === 0) return 0;
  const [last] = await readAt(file, size - 1, 1);
  if (last === LINE_FEED) return size;
  if (last === END_OF_RECORD) {
    await file.seek(size, Deno.SeekMode.Start);
    await file.write(Uint8Array.of(LINE_FEED));
    return size + 1;
  }
  const whole = await lineFeedBefore(file, size) + 1;
  await file.truncate(whole);
  return whole;
}

/** The last whole line of a file, whatever torn one follows it; undefined when there is none. */
export async function lastLine(file: Deno.FsFile, size: number): Promise<string | undefined> {
  if (size === 0) return undefined;
  const [last] = await readAt(file, size - 1, 1);
  const end = last === END_OF_RECORD ? size : await lineFeedBefore(file, size);
  if (end < 0) return undefined;
  const start = await lineFeedBefore(file, end) + 1;
  return new TextDecoder().decode(await readAt(file, start, end - start));
}

/** Position of the last line feed before `end`, or −1. */
async function lineFeedBefore(file: Deno.FsFile, end: number): Promise<number> {
  while (end > 0) {
    const start = Math.max(0, end - BLOCK);
    const at = (await readAt(file, start, end - start)).lastIndexOf(LINE_FEED);
    if (at >= 0) return start + at;
    end = start;
  }
  return -1;
}

async function readAt(file: Deno.FsFile, position: number, length: number): Promise<Uint8Array> {
  await file.seek(position, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await file.read(bytes.subarray(at));
    if (count === null) return bytes.subarray(0, at);
    at += count;
  }
  return bytes;
}
