/**
 * The audit log as a file of this person's (0600), appended to by any number of processes, one at a time, each line on the disk
 * before it is acknowledged. A log that was removed, replaced by something else or cannot grow refuses every further call.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { AuditSink } from "../../ports/audit_sink.ts";
import { FileLocks } from "../files/lock.ts";
import { makeFolders, syncFolder } from "../files/temporary.ts";
import { follow } from "./follow.ts";
import { lastLine, linesOf, repairTail } from "./line_files.ts";
import { refusedLog, unwritableLog } from "./refusal.ts";
import { ensureReserve, hasReserve, releaseReserve } from "./reserve.ts";

/** Where the log is and how large it may become. */
export interface FileAuditSinkOptions {
  /** Absolute path of the current file; older ones lie beside it as `<path>.000001` … */
  readonly path: string;
  /** Absolute path of the lock file. */
  readonly lockPath: string;
  /** Size in bytes from which a new file is begun. Default 8 MiB. */
  readonly maxBytes?: number;
  /** Number of older files that are kept. Default 24. */
  readonly keep?: number;
}

const MODE = 0o600;
const LOCK_TIMEOUT_MS = 15_000;

/** The log on disk. */
export class FileAuditSink implements AuditSink {
  readonly path: string;
  readonly #lockPath: string;
  readonly #maxBytes: number;
  readonly #keep: number;
  readonly #locks = new FileLocks();

  constructor(options: FileAuditSinkOptions) {
    this.path = options.path;
    this.#lockPath = options.lockPath;
    this.#maxBytes = options.maxBytes ?? 8 * 1024 * 1024;
    this.#keep = options.keep ?? 24;
  }

  async ready(): Promise<void> {
    try {
      await makeFolders(dirname(this.path), 0o700);
      await this.#checkPlace();
      if (!await this.#endsWithHead()) await this.#locked(() => this.#checkEnd());
      if (!await hasReserve(this.#reservePath)) await this.#locked(() => ensureReserve(this.#reservePath));
    } catch (error) {
      throw unwritableLog(this.path, error);
    }
  }

  async append(next: (last: string | undefined) => string | Promise<string>): Promise<string> {
    try {
      await makeFolders(dirname(this.path), 0o700);
      return await this.#locked(() => this.#appendLocked(next));
    } catch (error) {
      throw unwritableLog(this.path, error);
    }
  }

  async *lines(signal?: AbortSignal): AsyncGenerator<string> {
    const files = await this.#openAll();
    try {
      while (files.length > 0) yield* linesOf(files.shift()!, signal);
    } finally {
      for (const file of files) file.close();
    }
  }

  watch(signal: AbortSignal): AsyncGenerator<string> {
    return follow(this.path, signal);
  }

  async head(): Promise<string | undefined> {
    const text = await Deno.readTextFile(this.#headPath).catch(() => "");
    return text === "" ? undefined : text.replace(/\n$/, "");
  }

  async pruned(): Promise<boolean> {
    return (await this.#rotated()).length >= this.#keep;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  get #headPath(): string {
    return `${this.path}.head`;
  }

  get #reservePath(): string {
    return `${this.path}.reserve`;
  }

  async #locked<T>(work: () => Promise<T>): Promise<T> {
    await makeFolders(dirname(this.#lockPath), 0o700);
    return await this.#locks.hold(this.#lockPath, work, LOCK_TIMEOUT_MS);
  }

  /** A link would let somebody choose where we write; a missing log beside its head was removed. */
  async #checkPlace(): Promise<void> {
    const found = await Deno.lstat(this.path).catch((error) => {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    });
    if (found?.isSymlink === true) throw refusedLog(this.path, "it is a symbolic link");
    if (found !== undefined && !found.isFile) throw refusedLog(this.path, "it is not a file");
    if (found === undefined && await this.head() !== undefined && (await this.#rotated()).length === 0) {
      throw refusedLog(
        this.path,
        `it was removed; restore it, or remove ${basename(this.#headPath)} too to begin anew`,
      );
    }
  }

  /** The usual case, told without the lock. Creates the log where there is none. */
  async #endsWithHead(): Promise<boolean> {
    using file = await this.#open();
    return await this.head() === await this.#lastOf(file);
  }

  async #checkEnd(): Promise<void> {
    using file = await this.#open();
    await this.#checkHead(await this.#lastOf(file));
  }

  async #lastOf(file: Deno.FsFile): Promise<string | undefined> {
    return await lastLine(file, (await file.stat()).size) ?? await this.#lastRotatedLine();
  }

  /**
   * Continuing a log that was cut would make the cut look like the log. A crash between a line and its copy leaves an older
   * copy, which is still in the log.
   */
  async #checkHead(last: string | undefined): Promise<void> {
    const head = await this.head();
    if (head === undefined || head === last) return;
    for (const path of [this.path, ...(await this.#rotated()).reverse()]) {
      for await (const line of linesOf(await Deno.open(path, { read: true }))) if (line === head) return;
    }
    const copy = basename(this.#headPath);
    throw refusedLog(this.path, `its last record is missing; restore it, or move it and ${copy} away to begin anew`);
  }

  /** Every file, oldest first, opened in one step: a rotation in between would hide a file. */
  async #openAll(): Promise<Deno.FsFile[]> {
    if (await Deno.lstat(dirname(this.path)).catch(() => undefined) === undefined) return [];
    return await this.#locked(async () => {
      const files: Deno.FsFile[] = [];
      for (const path of [...await this.#rotated(), this.path]) {
        if ((await Deno.lstat(path).catch(() => undefined))?.isFile !== true) continue;
        files.push(await Deno.open(path, { read: true }));
      }
      return files;
    });
  }

  async #open(): Promise<Deno.FsFile> {
    const file = await Deno.open(this.path, { read: true, write: true, create: true, mode: MODE });
    const { mode } = await file.stat();
    if (mode !== null && (mode & 0o077) !== 0) await Deno.chmod(this.path, MODE);
    return file;
  }

  async #appendLocked(next: (last: string | undefined) => string | Promise<string>): Promise<string> {
    await this.#checkPlace();
    using file = await this.#open();
    const last = await this.#lastOf(file);
    // Before the repair: what follows a cut is not ours to tidy up.
    await this.#checkHead(last);
    const size = await repairTail(file, (await file.stat()).size);
    const line = await next(last);
    if (line.includes("\n")) throw new TypeError("An audit line holds a line feed");
    const bytes = new TextEncoder().encode(`${line}\n`);
    if (size > 0 && size + bytes.length > this.#maxBytes) await this.#beginWith(bytes);
    else await this.#write(file, size, bytes);
    if (size === 0) await syncFolder(dirname(this.path));
    await this.#keepHead(bytes);
    return line;
  }

  async #beginWith(bytes: Uint8Array): Promise<void> {
    await this.#rotate();
    using file = await this.#open();
    await this.#write(file, 0, bytes);
    await syncFolder(dirname(this.path));
  }

  async #write(file: Deno.FsFile, size: number, bytes: Uint8Array): Promise<void> {
    try {
      await writeDurably(file, size, bytes);
    } catch {
      // The room set aside for this: give it back and try once more.
      await file.truncate(size);
      await releaseReserve(this.#reservePath);
      try {
        await writeDurably(file, size, bytes);
      } catch (error) {
        await file.truncate(size).catch(() => {});
        throw error;
      }
    }
  }

  /** The copy is for the verifier alone; an older one says less but nothing wrong. */
  async #keepHead(line: Uint8Array): Promise<void> {
    const temporary = `${this.#headPath}.tmp`;
    try {
      await Deno.writeFile(temporary, line, { mode: MODE });
      await Deno.rename(temporary, this.#headPath);
    } catch {
      await Deno.remove(temporary).catch(() => {});
    }
  }

  async #rotate(): Promise<void> {
    const older = await this.#rotated();
    const newest = Number(older.at(-1)?.slice(-6) ?? 0);
    await Deno.rename(this.path, `${this.path}.${String(newest + 1).padStart(6, "0")}`);
    for (const path of older.slice(0, Math.max(0, older.length + 1 - this.#keep))) await Deno.remove(path);
  }

  /** Older files, oldest first. */
  async #rotated(): Promise<string[]> {
    const name = basename(this.path), folder = dirname(this.path), found: string[] = [];
    try {
      for await (const entry of Deno.readDir(folder)) {
        const number = entry.name.startsWith(`${name}.`) ? entry.name.slice(name.length + 1) : "";
        if (/^\d{6}$/.test(number)) found.push(join(folder, entry.name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort();
  }

  async #lastRotatedLine(): Promise<string | undefined> {
    const newest = (await this.#rotated()).at(-1);
    if (newest === undefined) return undefined;
    using file = await Deno.open(newest, { read: true });
    return await lastLine(file, (await file.stat()).size);
  }
}

async function writeDurably(file: Deno.FsFile, position: number, bytes: Uint8Array): Promise<void> {
  await file.seek(position, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
  await file.syncData();
}
