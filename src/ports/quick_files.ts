/**
 * The quick-files port: the few system calls that a line of a log is made of, without what the runtime puts around each of them.
 *
 * Nothing here says why it failed, and nothing waits but {@linkcode OpenFile.sync}. Who is told that something did not succeed does the
 * same the long way, through the runtime, which says why. So there is one place for every failure, and a system without these calls has
 * the long way alone.
 *
 * @module
 */

/** By what the system says of it without reading it: whether a file is the one that was seen before, unchanged. */
export interface FileStamp {
  readonly inode: number | null;
  readonly device: number;
  /** In bytes. */
  readonly size: number;
  /** Of the content's last change. */
  readonly modifiedMs: number;
  /** What is beyond the ms, below 1,000,000; undefined where it is not told: changes within one ms are then not told either. */
  readonly modifiedNs: number | undefined;
  /** Of the last change of anything, which no program can set. */
  readonly changedMs: number;
  readonly changedNs: number | undefined;
}

/** What the system says of a file. */
export interface SeenFile extends FileStamp {
  /** A plain file: no link, folder, device or pipe. */
  readonly isFile: boolean;
  readonly isSymlink: boolean;
  /** The permission bits; null where the system has none. */
  readonly mode: number | null;
  /** How many names it has; null where the system does not count them. */
  readonly links: number | null;
}

/** Finds files. */
export interface QuickFiles {
  /** What has this absolute path, to be asked for again and again. */
  at(path: string): QuickFile;
}

/** What has a name: from one question to the next it may be another file. */
export interface QuickFile {
  /** Facts of what has the name, a symbolic link itself; undefined when that cannot be told. */
  look(): SeenFile | undefined;
  /** Opens it for writing; undefined when that cannot be done, as for a symbolic link. It is not created. */
  open(): OpenFile | undefined;
}

/** A file that is open, of which no child process inherits. Disposing of it closes it and gives up its lock; safe to do twice. */
export interface OpenFile extends Disposable {
  look(): SeenFile | undefined;
  /** Whether the lock (flock(2), against every other open file) is its own now. */
  tryLock(): boolean;
  /** Whether all bytes were written from `position` on; when not, some may have been. */
  write(bytes: Uint8Array<ArrayBuffer>, position: number): boolean;
  /** Whether what was written is on the disk. It must not be disposed of before that is told. */
  sync(): Promise<boolean>;
}
