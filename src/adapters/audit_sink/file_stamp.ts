/**
 * Whether a file is the one that was seen before, unchanged: by what the system says of it, without reading it.
 *
 * @module
 */

import type { FileStamp, SeenFile } from "../../ports/quick_files.ts";

export type { FileStamp, SeenFile };

/** What the runtime says of a file: its times end with the ms, or the second, so finer changes of a file whose size stays are not told. */
export function seenIn({ isFile, isSymlink, mode, nlink, ino, dev, size, mtime, ctime }: Deno.FileInfo): SeenFile {
  return {
    isFile,
    isSymlink,
    mode: mode === null ? null : mode & 0o7777,
    links: nlink,
    inode: ino,
    device: dev,
    size,
    modifiedMs: mtime?.getTime() ?? 0,
    modifiedNs: undefined,
    changedMs: ctime?.getTime() ?? 0,
    changedNs: undefined,
  };
}

/** Whether two stamps are of one unchanged file. Of two ways to look, one finer than the other, that is never so. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modifiedMs === b.modifiedMs && a.changedMs === b.changedMs &&
    a.modifiedNs === b.modifiedNs && a.changedNs === b.changedNs && isSameFile(a, b);
}

/** Whether two stamps are of one file, changed or not. */
export function isSameFile(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.device === b.device;
}

/** Whether anybody but the owner may do something with it. */
export function isOpenToOthers({ mode }: SeenFile): boolean {
  return mode !== null && (mode & 0o077) !== 0;
}

/** What the system says of `path` itself, or undefined where nothing is. */
export function lookAt(path: string): SeenFile | undefined {
  try {
    return seenIn(Deno.lstatSync(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
