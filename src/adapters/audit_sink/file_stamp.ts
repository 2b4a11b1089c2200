/**
 * Whether a file is the one that was seen before, unchanged: by what the system says of it, without reading it.
 *
 * @module
 */

/** What changes when a file is replaced, grows, is cut or is written to. */
export interface FileStamp {
  readonly inode: number | null;
  readonly device: number;
  readonly size: number;
  /** Milliseconds; finer changes of a file whose size stays are not told. */
  readonly modifiedMs: number;
  /** Of the last change of anything, which no program can set. */
  readonly changedMs: number;
}

/** The stamp of a file. */
export function stampOf({ ino, dev, size, mtime, ctime }: Deno.FileInfo): FileStamp {
  return { inode: ino, device: dev, size, modifiedMs: mtime?.getTime() ?? 0, changedMs: ctime?.getTime() ?? 0 };
}

/** Whether two stamps are of one unchanged file. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.size === b.size && a.modifiedMs === b.modifiedMs && a.changedMs === b.changedMs && isSameFile(a, b);
}

/** Whether two stamps are of one file, changed or not. */
export function isSameFile(a: FileStamp, b: FileStamp): boolean {
  return a.inode === b.inode && a.device === b.device;
}

/** What the system says of `path` itself, or undefined where nothing is. */
export function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
