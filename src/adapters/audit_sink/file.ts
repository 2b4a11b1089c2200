/**
 * The audit log as a file of this person's (0600), appended to by any number of processes, one group of lines at a time, each on the
 * disk before it is acknowledged. A log that was removed, replaced by something else or cannot grow refuses every further call.
 *
 * What one process remembers of the log's end is used only as long as the system says that the file is the same and unchanged; whatever
 * another process did is then read. No file stays open in between: nothing is held that others would have to wait for.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import type { AuditSink } from "../../ports/audit_sink.ts";
import type { Clock } from "../../ports/clock.ts";
import type { QuickFile, QuickFiles } from "../../ports/quick_files.ts";
import { SystemClock } from "../clock/system.ts";
import { FileLocks } from "../files/lock.ts";
import { makeFolders, syncFolder } from "../files/temporary.ts";
import {
  type FileStamp,
  isOpenToOthers,
  isSameFile,
  isSameStamp,
  lookAt,
  type SeenFile,
  seenIn,
} from "./file_stamp.ts";
import { follow } from "./follow.ts";
import { HeadCopy } from "./head_copy.ts";
import { acknowledgedEnd, linesOf, repairTail } from "./line_files.ts";
import { LogFiles } from "./log_files.ts";
import { type OpenLog, QuickLog, RuntimeLog, writeDurably } from "./open_log.ts";
import { refusedLog, unwritableLog } from "./refusal.ts";
import { ensureReserve, hasReserve, isReserve, releaseReserve } from "./reserve.ts";

/** Where the log is and how large it may become. */
export interface FileAuditSinkOptions {
  /** Absolute path of the current file; older ones lie beside it as `<path>.000001` … */
  readonly path: string;
  /** Absolute path of the lock file. */
  readonly lockPath: string;
  /** Size in bytes from which a new file is begun; no group is divided. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Number of older files that are kept. Default 24. */
  readonly keep?: number;
  /** Default: the system's. */
  readonly clock?: Pick<Clock, "monotonicMs">;
  /**
   * Opens the system's own calls, where there are such: what usually happens is done by them, and everything else the long way.
   * Asked once.
   */
  readonly quick?: () => Promise<QuickFiles | undefined>;
  /** With which append they are asked for. Default 2: preparing them takes longer than what a single record would gain. */
  readonly quickFrom?: number;
}

const MODE = 0o600;
const LOCK_TIMEOUT_MS = 15_000;

/** How far one group can take a file beyond its size, in bytes, several times over. */
const MOST_BEYOND = 64 * 1024 * 1024;

/** How long the lock may be kept for group after group, in ms: other processes wait so much longer for it. */
const HOLD_MS = 25;

/** The end of the log as it was when the lock was last held here. */
interface KnownEnd {
  readonly stamp: FileStamp;
  readonly last: string | undefined;
}

/** The files that a record takes, by the system's own calls. */
interface QuickNames {
  readonly log: QuickFile;
  readonly reserve: QuickFile;
  readonly head: QuickFile;
  readonly lock: QuickFile;
}

/** The log on disk. */
export class FileAuditSink implements AuditSink {
  readonly path: string;
  readonly #lockPath: string;
  readonly #reservePath: string;
  readonly #maxBytes: number;
  readonly #files: LogFiles;
  readonly #head: HeadCopy;
  readonly #locks: FileLocks;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #openQuick: () => Promise<QuickFiles | undefined>;
  #quick: QuickNames | undefined;
  #appendsUntilQuick: number;
  #end: KnownEnd | undefined;
  /** The log as {@linkcode ready} last found it in order. */
  #inOrder: FileStamp | undefined;
  /** The log at the beginning of the group that is being written now. */
  #growing: FileStamp | undefined;

  constructor(options: FileAuditSinkOptions) {
    this.path = options.path;
    this.#lockPath = options.lockPath;
    this.#reservePath = `${options.path}.reserve`;
    this.#maxBytes = options.maxBytes ?? 8 * 1024 * 1024;
    this.#files = new LogFiles(options.path, options.keep ?? 24);
    this.#head = new HeadCopy(`${options.path}.head`);
    this.#clock = options.clock ?? new SystemClock();
    this.#openQuick = options.quick ?? (() => Promise.resolve(undefined));
    this.#appendsUntilQuick = options.quickFrom ?? 2;
    this.#locks = new FileLocks({ clock: this.#clock, lockNow: () => this.#lockNow() });
  }

  async ready(): Promise<void> {
    try {
      if (!this.#isUnchanged()) await this.#makeReady();
    } catch (error) {
      throw unwritableLog(this.path, error);
    }
  }

  async #makeReady(): Promise<void> {
    await makeFolders(dirname(this.path), 0o700);
    if (!this.#seemsWhole()) await this.#locked(() => this.#checkEnd());
    if (!hasReserve(this.#reservePath)) await this.#locked(() => ensureReserve(this.#reservePath));
  }

  async append(
    next: (last: string | undefined) => string | readonly string[],
    again: () => boolean = () => false,
  ): Promise<void> {
    try {
      if (--this.#appendsUntilQuick === 0) this.#quick = await this.#quickNames();
      await this.#locked(async () => {
        const until = this.#clock.monotonicMs() + HOLD_MS;
        do await this.#appendLocked(next); while (again() && this.#clock.monotonicMs() < until);
      });
    } catch (error) {
      throw unwritableLog(this.path, error);
    }
  }

  async *lines(signal?: AbortSignal): AsyncGenerator<string> {
    if (lookAt(dirname(this.path)) === undefined) return;
    // Under the lock nobody is in the middle of a group: the sizes of this moment are those of whole ones.
    const files = await this.#locked(async () => this.#files.openAll());
    try {
      for (let next = files.shift(); next !== undefined; next = files.shift()) {
        yield* linesOf(next.file, next.size, signal);
      }
    } finally {
      for (const { file } of files) file.close();
    }
  }

  watch(signal: AbortSignal): AsyncGenerator<string> {
    return follow(this.#files, signal);
  }

  async head(): Promise<string | undefined> {
    const head = this.#head.read();
    if (head !== undefined || lookAt(this.#head.path) === undefined) return head;
    // It may just be written to.
    return await this.#locked(async () => this.#head.read());
  }

  async pruned(): Promise<boolean> {
    return this.#files.pruned();
  }

  async close(): Promise<void> {}

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    return await this.#locks.hold(this.#lockPath, work, LOCK_TIMEOUT_MS);
  }

  async #quickNames(): Promise<QuickNames | undefined> {
    const files = await this.#openQuick();
    if (files === undefined) return undefined;
    const [log, reserve] = [files.at(this.path), files.at(this.#reservePath)];
    return { log, reserve, head: files.at(this.#head.path), lock: files.at(this.#lockPath) };
  }

  /** The lock, if it can be had without waiting. */
  #lockNow(): Disposable | undefined {
    const file = this.#quick?.lock.open();
    if (file?.tryLock() === true) return file;
    file?.[Symbol.dispose]();
    return undefined;
  }

  /** Some microseconds: the log as it was when it was last in order, writable, and with room set aside. */
  #isUnchanged(): boolean {
    // The system alone knows whether it may be written to: by its mode, its owner, and on a disk that has become read-only.
    if (this.#quick !== undefined) {
      const file = this.#quick.log.open();
      if (file === undefined) return false;
      try {
        return this.#isInOrder(file.look()) && isReserve(this.#quick.reserve.look());
      } finally {
        file[Symbol.dispose](); // `using` costs as much as one of the looks
      }
    }
    return this.#isInOrder(lookAt(this.path)) && hasReserve(this.#reservePath) &&
      succeeds(() => Deno.openSync(this.path, { write: true }).close());
  }

  #isInOrder(found: SeenFile | undefined): boolean {
    if (found === undefined || !found.isFile || isOpenToOthers(found)) return false;
    return this.#isKnown(this.#end?.stamp, found) || this.#isKnown(this.#inOrder, found) || this.#isOurGrowth(found);
  }

  #isKnown(stamp: FileStamp | undefined, found: FileStamp): boolean {
    return stamp !== undefined && isSameStamp(stamp, found);
  }

  /** While this process writes under the lock the log is what it was, and longer. */
  #isOurGrowth(stamp: FileStamp): boolean {
    return this.#growing !== undefined && isSameFile(this.#growing, stamp) && stamp.size >= this.#growing.size;
  }

  /** The usual case, told without the lock. Another process may begin a new file meanwhile: what is wrong is told with the lock. */
  #seemsWhole(): boolean {
    let whole = false;
    return succeeds(() => whole = this.#endsWithHead()) && whole;
  }

  #endsWithHead(): boolean {
    const seen = this.#look();
    if (seen === undefined) return false;
    using file = this.#openSeen(seen);
    const stamp = this.#stampOf(file);
    const last = acknowledgedEnd(file, stamp.size).line ?? this.#files.lastRotatedLine();
    if (this.#head.read() !== last) return false;
    this.#inOrder = stamp;
    return true;
  }

  async #checkEnd(): Promise<void> {
    using file = this.#open();
    const stamp = this.#stampOf(file);
    await this.#checkHead(acknowledgedEnd(file, stamp.size).line ?? this.#files.lastRotatedLine());
    this.#inOrder = stamp;
  }

  /** As fine as this system tells it. */
  #stampOf(file: Deno.FsFile): FileStamp {
    const found = seenIn(file.statSync()), finer = this.#quick?.log.look();
    return finer !== undefined && isSameFile(finer, found) && finer.size === found.size ? finer : found;
  }

  /** A link would let somebody choose where we write; a missing log beside its head was removed. */
  #look(): SeenFile | undefined {
    const found = lookAt(this.path);
    if (found?.isSymlink === true) throw refusedLog(this.path, "it is a symbolic link");
    if (found !== undefined && !found.isFile) throw refusedLog(this.path, "it is not a file");
    // Its end is looked for backwards, in one go: somebody who made it many GB of nothing would stop everything for that long.
    if (found !== undefined && found.size > this.#maxBytes + MOST_BEYOND) {
      throw refusedLog(this.path, "it is larger than this program makes it; move it away to begin anew");
    }
    if (found === undefined && this.#head.read() !== undefined && this.#files.rotated().length === 0) {
      const copy = basename(this.#head.path);
      throw refusedLog(this.path, `it was removed; restore it, or remove ${copy} too to begin anew`);
    }
    return found;
  }

  /** Opens the log, creates it where there is none: while the lock is held, or a rotation by another process would find it there. */
  #open(): Deno.FsFile {
    const seen = this.#look();
    return seen === undefined ? this.#create() : this.#openSeen(seen);
  }

  /** Opens the file that was seen, and no other. */
  #openSeen(seen: FileStamp): Deno.FsFile {
    const file = Deno.openSync(this.path, { read: true, write: true });
    const found = seenIn(file.statSync());
    if (!isSameFile(seen, found)) {
      file.close();
      throw refusedLog(this.path, "it was replaced at this moment");
    }
    if (isOpenToOthers(found)) Deno.chmodSync(this.path, MODE);
    return file;
  }

  #create(): Deno.FsFile {
    return Deno.openSync(this.path, { read: true, write: true, createNew: true, mode: MODE });
  }

  /**
   * Continuing a log that was cut would make the cut look like the log. A crash between a line and its copy leaves an older
   * copy, which is still in the log.
   */
  async #checkHead(last: string | undefined): Promise<void> {
    const head = this.#head.read();
    if (head === undefined || head === last) return;
    const files = this.#files.openAll();
    try {
      for (let next = files.pop(); next !== undefined; next = files.pop()) {
        for await (const line of linesOf(next.file, next.size)) if (line === head) return;
      }
    } finally {
      for (const { file } of files) file.close();
    }
    const copy = basename(this.#head.path);
    throw refusedLog(this.path, `its last record is missing; restore it, or move it and ${copy} away to begin anew`);
  }

  async #appendLocked(next: (last: string | undefined) => string | readonly string[]): Promise<void> {
    using log = this.#reopen() ?? await this.#openRepaired();
    const { stamp, last } = log.end;
    const made = next(last);
    const lines = typeof made === "string" ? [made] : made;
    const bytes = bytesOf(lines);
    // Until the disk has them, nothing is known.
    this.#end = undefined;
    this.#growing = stamp;
    try {
      const rotates = stamp.size > 0 && stamp.size + bytes.length > this.#maxBytes;
      const written = rotates ? await this.#beginWith(log, bytes) : await this.#write(log.file, stamp, bytes);
      if (stamp.size === 0) await syncFolder(dirname(this.path));
      this.#head.write(lines.at(-1)!, this.#quick?.head);
      this.#end = { stamp: written, last: lines.at(-1)! };
    } finally {
      this.#growing = undefined;
    }
  }

  /** The log, if it is as we left it. */
  #reopen(): LogAtEnd | undefined {
    const end = this.#end, file = end === undefined ? undefined : this.#quick?.log.open();
    if (end === undefined || file === undefined) return undefined;
    const found = file.look();
    if (found?.isFile === true && !isOpenToOthers(found) && isSameStamp(end.stamp, found)) {
      return new LogAtEnd(new QuickLog(file, found), end);
    }
    file[Symbol.dispose]();
    return undefined;
  }

  async #openRepaired(): Promise<LogAtEnd> {
    const file = this.#open();
    try {
      return new LogAtEnd(this.#runtimeLog(file), await this.#knownEnd(file));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  #runtimeLog(file: Deno.FsFile): RuntimeLog {
    return new RuntimeLog(file, (file) => this.#stampOf(file));
  }

  /** What is remembered, if nobody else has been here since; otherwise what is found, checked and repaired. */
  async #knownEnd(file: Deno.FsFile): Promise<KnownEnd> {
    const stamp = this.#stampOf(file);
    if (this.#end !== undefined && isSameStamp(this.#end.stamp, stamp)) return this.#end;
    const end = acknowledgedEnd(file, stamp.size);
    const last = end.line ?? this.#files.lastRotatedLine();
    // Before the repair: what follows a cut is not ours to tidy up.
    await this.#checkHead(last);
    repairTail(file, stamp.size, end);
    return { stamp: this.#stampOf(file), last };
  }

  async #beginWith(full: Disposable, bytes: Uint8Array<ArrayBuffer>): Promise<FileStamp> {
    // Some systems rename no open file.
    full[Symbol.dispose]();
    this.#files.rotate();
    using file = this.#create();
    const written = await this.#write(this.#runtimeLog(file), this.#stampOf(file), bytes);
    await syncFolder(dirname(this.path));
    return written;
  }

  /** Writes at the end that `seen` tells. */
  async #write(log: OpenLog, seen: FileStamp, bytes: Uint8Array<ArrayBuffer>): Promise<FileStamp> {
    try {
      await log.write(seen.size, bytes);
      return log.stamp();
    } catch {
      // The room set aside for this: give it back and try once more, in a way that says what is wrong.
      await releaseReserve(this.#reservePath);
      using file = this.#openSeen(seen);
      try {
        await writeDurably(file, seen.size, bytes);
      } catch (error) {
        // Where even this fails, lines stay that nobody was told of; those of a group without its end are cleared by the next one.
        await file.truncate(seen.size).catch(() => {});
        throw error;
      }
      return this.#stampOf(file);
    }
  }
}

/** The log, open, and what its end is. */
class LogAtEnd implements Disposable {
  readonly file: OpenLog;
  readonly end: KnownEnd;

  constructor(file: OpenLog, end: KnownEnd) {
    this.file = file;
    this.end = end;
  }

  [Symbol.dispose](): void {
    this.file[Symbol.dispose]();
  }
}

function succeeds(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}

function bytesOf(lines: readonly string[]): Uint8Array<ArrayBuffer> {
  if (lines.length === 0) throw new TypeError("A group without lines");
  if (lines.some((line) => line.includes("\n"))) throw new TypeError("An audit line holds a line feed");
  return new TextEncoder().encode(`${lines.join("\n")}\n`);
}
