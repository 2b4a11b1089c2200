/**
 * Files of the person's and of ours: whole or not at all.
 *
 * @module
 */

import type { Stamp } from "../kernel/stamp.ts";

/** Reads and writes small files. Paths are absolute. */
export interface Files {
  /**
   * The file's bytes, or undefined when there is none. With `regularOnly` anything but a regular file (after links) is refused:
   * a pipe in the place of one of our own files would make us wait for ever. With `maxBytes` a longer one is refused before it fills
   * the memory: what comes with a cloned repository may be a link to /dev/zero, or have many GB that packed into little.
   *
   * @throws {AppError} `file_unreadable`
   */
  read(
    path: string,
    options?: { readonly regularOnly?: boolean; readonly maxBytes?: number },
  ): Promise<Uint8Array | undefined>;
  /**
   * Replaces the file: temporary file beside it, fsync, rename, fsync of the folder. Missing folders are made 0700. `mode`
   * is the file's mode (default 0600). A symbolic link is followed to its target only when `followLink` is set, otherwise refused.
   *
   * @throws {AppError} `file_unwritable`, `disk_full`
   */
  write(
    path: string,
    bytes: Uint8Array,
    options?: { readonly mode?: number; readonly followLink?: boolean },
  ): Promise<void>;
  /** Like `write` for a file that must not exist. @throws {AppError} `file_exists`, `file_unwritable`, `disk_full` */
  create(path: string, bytes: Uint8Array, options?: { readonly mode?: number }): Promise<void>;
  /** Whether there was a file to remove. @throws {AppError} `file_unwritable` */
  remove(path: string): Promise<boolean>;
  /** Whether something is at that path. */
  exists(path: string): Promise<boolean>;
  /** What the files at `paths` look like now, missing ones included. Asks for no content and never rejects: some µs a file. */
  stamp(paths: readonly string[]): Stamp;
  /** Makes the folder (and those above it) with `mode`, default 0700, if missing. @throws {AppError} `file_unwritable` */
  makeFolder(path: string, mode?: number): Promise<void>;
  /**
   * Runs `work` while holding the inter-process lock `path` (released by the system when the process dies).
   *
   * @throws {AppError} `lock_timeout` when it is not free within `timeoutMs` (default 10 000)
   */
  withLock<T>(
    path: string,
    work: () => Promise<T>,
    options?: { readonly timeoutMs?: number; readonly signal?: AbortSignal },
  ): Promise<T>;
}
