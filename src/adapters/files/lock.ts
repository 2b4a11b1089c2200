/**
 * Locks between processes, by flock(2) on a file that is never removed (removing it would let two processes lock two
 * different files of one name). The system releases a dead process's locks and hands a lock on in the order of asking.
 *
 * @module
 */

import { dirname } from "node:path";
import { AppError } from "../../kernel/error.ts";
import type { Clock } from "../../ports/clock.ts";
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

/** For so long, in ms, a free lock may be taken again and again without standing in the system's line. */
const TURN_MS = 25;
/** Whoever waits has taken the lock when it was free for so long, in ms. */
const PAUSE_MS = 5;

/** How a lock can be had without waiting. */
export interface ImmediateLocks {
  readonly clock: Pick<Clock, "monotonicMs">;
  /**
   * Takes the lock `path` of the system if that can be done at once; disposing of it gives it up. Undefined where another has it, or
   * where it cannot be told: it is then asked for in the usual way.
   */
  lockNow(path: string): Disposable | undefined;
}

/** The locks of one process: at most one wait in the system per path, the others stand in line here. */
export class FileLocks {
  readonly #lines = new Map<string, Promise<void>>();
  readonly #turns = new Map<string, Turn>();
  readonly #immediate: ImmediateLocks | undefined;

  constructor(immediate?: ImmediateLocks) {
    this.#immediate = immediate;
  }

  /**
   * Runs `work` while holding the lock `path`. Not re-entrant: asking again inside `work` ends in `lock_timeout`.
   *
   * @throws {AppError} `lock_timeout` when it is not free within `timeoutMs`; the signal's reason when aborted before it was held
   */
  async hold<T>(path: string, work: () => Promise<T>, timeoutMs: number, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    const ahead = this.#lines.get(path);
    const { promise: done, resolve: leave } = Promise.withResolvers<void>();
    const line = ahead === undefined ? done : ahead.then(() => done);
    this.#lines.set(path, line);
    try {
      const lock = ahead === undefined ? this.#lockNow(path) : undefined;
      return await this.#inside(path, lock ?? await this.#wait(path, ahead, timeoutMs, signal), work);
    } finally {
      leave();
      if (this.#lines.get(path) === line) this.#lines.delete(path);
    }
  }

  async #inside<T>(path: string, lock: Disposable, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } finally {
      lock[Symbol.dispose]();
      this.#turns.get(path)?.left(this.#immediate!.clock.monotonicMs());
    }
  }

  /** Undefined when it is another's, or when it is time to let others in: the system lets in those who wait before us. */
  #lockNow(path: string): Disposable | undefined {
    if (this.#immediate === undefined) return undefined;
    const turn = this.#turns.get(path) ?? new Turn();
    this.#turns.set(path, turn);
    return turn.lasts(this.#immediate.clock.monotonicMs()) ? this.#immediate.lockNow(path) : undefined;
  }

  async #wait(
    path: string,
    ahead: Promise<void> | undefined,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Disposable> {
    const { over, clear } = limit(path, timeoutMs, signal);
    try {
      if (ahead !== undefined) await Promise.race([ahead, over]);
      return await this.#acquire(path, over);
    } finally {
      clear();
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

/** How long a lock has been taken again and again without a pause. */
class Turn {
  #sinceMs = -Infinity;
  #leftMs = -Infinity;

  /** Whether it may be taken at once now; when not, the next turn begins with the wait that follows. */
  lasts(nowMs: number): boolean {
    if (nowMs - this.#leftMs >= PAUSE_MS) this.#sinceMs = nowMs;
    if (nowMs - this.#sinceMs < TURN_MS) return true;
    this.#sinceMs = nowMs;
    return false;
  }

  left(nowMs: number): void {
    this.#leftMs = nowMs;
  }
}
