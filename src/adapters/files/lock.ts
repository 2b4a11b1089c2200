/**
 * Locks between processes, by flock(2) on a file that is never removed (removing it would let two processes lock two
 * different files of one name). The system releases a dead process's locks and hands a lock on in the order of asking.
 *
 * @module
 */

import { dirname } from "node:path";
import { AppError } from "../../kernel/error.ts";
import { systemCode, unwritable } from "./failure.ts";
import { makeFolders } from "./temporary.ts";

/** Rejects when the time is over or the caller gave up; settles nothing else. */
function limit(what: string, timeoutMs: number, signal?: AbortSignal): { over: Promise<never>; clear: () => void } {
  const { promise, reject } = Promise.withResolvers<never>();
  const stop = (): void => reject(signal?.reason);
  const timer = setTimeout(() => reject(new AppError("lock_timeout", { what })), timeoutMs);
  signal?.addEventListener("abort", stop, { once: true });
  promise.catch(() => {});
  return {
    over: promise,
    clear: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", stop);
    },
  };
}

/** The locks of one process: at most one wait in the system per path, the others stand in line here. */
export class FileLocks {
  readonly #lines = new Map<string, Promise<void>>();

  /**
   * Runs `work` while holding the lock `path`. Not re-entrant: asking again inside `work` ends in `lock_timeout`.
   *
   * @throws {AppError} `lock_timeout` when it is not free within `timeoutMs`; the signal's reason when aborted before it was held
   */
  async hold<T>(path: string, work: () => Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const ahead = this.#lines.get(path) ?? Promise.resolve();
    const { promise: done, resolve: leave } = Promise.withResolvers<void>();
    const line = ahead.then(() => done);
    this.#lines.set(path, line);
    const { over, clear } = limit(path, timeoutMs, signal);
    try {
      await Promise.race([ahead, over]);
      const file = await this.#acquire(path, over);
      clear();
      try {
        return await work();
      } finally {
        // Closing releases the lock.
        file.close();
      }
    } finally {
      clear();
      leave();
      if (this.#lines.get(path) === line) this.#lines.delete(path);
    }
  }

  async #acquire(path: string, over: Promise<never>): Promise<Deno.FsFile> {
    const file = openLockFile(path) ?? await makeLockFile(path);
    const locked = file.lock(true);
    try {
      await Promise.race([locked, over]);
      return file;
    } catch (error) {
      // The wait in the system cannot be called back: when it ends after all, the lock is given up at once.
      locked.catch(() => {}).finally(() => file.close());
      throw error;
    }
  }
}

/** Undefined where a folder of its path is missing. */
function openLockFile(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    if (systemCode(error) === "ENOENT") return undefined;
    throw unwritable(path, error);
  }
}

async function makeLockFile(path: string): Promise<Deno.FsFile> {
  try {
    await makeFolders(dirname(path), 0o700);
    return await Deno.open(path, { read: true, write: true, create: true, mode: 0o600 });
  } catch (error) {
    throw unwritable(path, error);
  }
}
