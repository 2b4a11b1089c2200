/**
 * Room for records on a disk that fills up: a file of real blocks beside the log, given up when a record finds no space, so that a
 * call that has begun can still be put on record. Without the reserve no call begins.
 *
 * @module
 */

import { lookAt, type SeenFile } from "./file_stamp.ts";

/** Size in bytes: records of some hundred calls under way. */
const RESERVE_BYTES = 256 * 1024;

/** Whether the reserve exists in full. */
export function hasReserve(path: string): boolean {
  return isReserve(lookAt(path));
}

/** Whether what was found in its place is the reserve in full. */
export function isReserve(found: SeenFile | undefined): boolean {
  return found?.isFile === true && found.size >= RESERVE_BYTES;
}

/** Sees that the reserve exists. Fails like any write where there is no room for it. */
export async function ensureReserve(path: string): Promise<void> {
  if (hasReserve(path)) return;
  const file = await Deno.open(path, { write: true, create: true, truncate: true, mode: 0o600 });
  try {
    // Random bytes: a file system that compresses must not count them as nothing.
    const block = new Uint8Array(64 * 1024);
    for (let size = 0; size < RESERVE_BYTES; size += block.length) {
      crypto.getRandomValues(block);
      for (let at = 0; at < block.length;) at += await file.write(block.subarray(at));
    }
    await file.syncData();
  } catch (error) {
    await Deno.remove(path).catch(() => {});
    throw error;
  } finally {
    file.close();
  }
}

/** Gives the room back to the file system. */
export async function releaseReserve(path: string): Promise<void> {
  await Deno.remove(path).catch(() => {});
}
