/**
 * Files on this machine's disk: whole or not at all, also when the process or the machine dies in the middle.
 *
 * @module
 */

import { dirname, isAbsolute } from "node:path";
import { AppError, isAppError } from "../../kernel/error.ts";
import type { Stamp } from "../../kernel/stamp.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Files } from "../../ports/files.ts";
import type { Random } from "../../ports/random.ts";
import { systemCode, unreadable, unwritable } from "./failure.ts";
import { FileLocks } from "./lock.ts";
import { makeFolders, removeStale, syncFolder, writeTemporary } from "./temporary.ts";

const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;
const LOCK_TIMEOUT_MS = 10_000;
/** Two changes of one file may bear the same time when less than this lies between them, in ms: some ticks of any kernel's clock. */
const TICK_MS = 50;
/** What `link(2)` answers on file systems without hard links. */
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK"]);

function absolute(path: string): string {
  if (!isAbsolute(path)) throw new TypeError(`Not an absolute path: ${path}`);
  return path;
}

/** Reads without believing what size the system tells: of a device or a pipe it tells none. */
async function readAtMost(path: string, maxBytes: number): Promise<Uint8Array> {
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  let bytes = new Uint8Array(Math.min(size, maxBytes) + 1), length = 0;
  for (;;) {
    const count = await file.read(bytes.subarray(length));
    if (count === null) return bytes.subarray(0, length);
    length += count;
    if (length > maxBytes) {
      throw new AppError("file_unreadable", { path, reason: `it has more than ${maxBytes} bytes` });
    }
    if (length < bytes.length) continue;
    const larger = new Uint8Array(Math.min(2 * length, maxBytes) + 1);
    larger.set(bytes);
    bytes = larger;
  }
}

/** The {@linkcode Files} of the machine. */
export class DiskFiles implements Files {
  readonly #random: Random;
  readonly #clock: Pick<Clock, "now">;
  readonly #locks = new FileLocks();
  readonly #tidied = new Set<string>();

  constructor(random: Random, clock: Pick<Clock, "now">) {
    this.#random = random;
    this.#clock = clock;
  }

  async read(
    path: string,
    options: { readonly regularOnly?: boolean; readonly maxBytes?: number } = {},
  ): Promise<Uint8Array | undefined> {
    try {
      if (options.regularOnly === true && !(await Deno.stat(absolute(path))).isFile) {
        throw new AppError("file_unreadable", { path, reason: "it is not a regular file" });
      }
      const { maxBytes } = options;
      return maxBytes === undefined ? await Deno.readFile(absolute(path)) : await readAtMost(absolute(path), maxBytes);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return undefined;
      throw isAppError(error) ? error : unreadable(path, error);
    }
  }

  async write(
    path: string,
    bytes: Uint8Array,
    options: { readonly mode?: number; readonly followLink?: boolean } = {},
  ): Promise<void> {
    try {
      const target = await this.#target(absolute(path), options.followLink ?? false);
      const folder = dirname(target);
      const temporary = await this.#temporary(folder, bytes, options.mode ?? FILE_MODE);
      try {
        await Deno.rename(temporary, target);
      } catch (error) {
        await Deno.remove(temporary).catch(() => {});
        throw error;
      }
      await syncFolder(folder);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  async create(path: string, bytes: Uint8Array, options: { readonly mode?: number } = {}): Promise<void> {
    try {
      const folder = dirname(absolute(path));
      const temporary = await this.#temporary(folder, bytes, options.mode ?? FILE_MODE);
      try {
        await this.#claim(temporary, path);
      } finally {
        await Deno.remove(temporary).catch(() => {});
      }
      await syncFolder(folder);
    } catch (error) {
      if (systemCode(error) === "EEXIST") throw new AppError("file_exists", { path }, { cause: error });
      throw unwritable(path, error);
    }
  }

  async remove(path: string): Promise<boolean> {
    try {
      await Deno.remove(absolute(path));
      await syncFolder(dirname(path));
      return true;
    } catch (error) {
      if (systemCode(error) === "ENOENT") return false;
      throw unwritable(path, error);
    }
  }

  async exists(path: string): Promise<boolean> {
    try {
      await Deno.lstat(absolute(path));
      return true;
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return false;
      throw unreadable(path, error);
    }
  }

  stamp(paths: readonly string[]): Stamp {
    const now = this.#clock.now();
    let text = "", settled = true;
    for (const path of paths) {
      try {
        const { ino, size, mtime } = Deno.statSync(path);
        const changedAt = mtime?.getTime() ?? now;
        text += `${ino}:${size}:${changedAt} `;
        settled &&= changedAt + TICK_MS < now;
      } catch (error) {
        text += "- ";
        // Not knowing is no proof that nothing changed.
        settled &&= ["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "");
      }
    }
    return { text, settled };
  }

  async makeFolder(path: string, mode = FOLDER_MODE): Promise<void> {
    try {
      await makeFolders(absolute(path), mode);
    } catch (error) {
      throw unwritable(path, error);
    }
  }

  withLock<T>(
    path: string,
    work: () => Promise<T>,
    options: { readonly timeoutMs?: number; readonly signal?: AbortSignal } = {},
  ): Promise<T> {
    return this.#locks.hold(absolute(path), work, options.timeoutMs ?? LOCK_TIMEOUT_MS, options.signal);
  }

  /** Where a write to `path` goes: a link is refused, so that nobody's link makes us overwrite a file elsewhere. */
  async #target(path: string, followLink: boolean): Promise<string> {
    let found: Deno.FileInfo;
    try {
      found = await Deno.lstat(path);
    } catch (error) {
      if (systemCode(error) === "ENOENT") return path;
      throw error;
    }
    if (found.isDirectory) throw new AppError("file_unwritable", { path, reason: "it is a folder" });
    if (!found.isSymlink) return path;
    if (!followLink) throw new AppError("file_unwritable", { path, reason: "it is a symbolic link" });
    try {
      return await Deno.realPath(path);
    } catch (error) {
      if (systemCode(error) !== "ENOENT") throw error;
      throw new AppError("file_unwritable", { path, reason: "its symbolic link leads nowhere" }, { cause: error });
    }
  }

  async #temporary(folder: string, bytes: Uint8Array, mode: number): Promise<string> {
    await makeFolders(folder, FOLDER_MODE);
    if (!this.#tidied.has(folder)) {
      this.#tidied.add(folder);
      await removeStale(folder, this.#clock.now());
    }
    return writeTemporary(folder, bytes, mode, this.#random);
  }

  /** Gives `temporary` the name `path` unless something has it. One of two that try at once succeeds. */
  async #claim(temporary: string, path: string): Promise<void> {
    try {
      await Deno.link(temporary, path);
    } catch (error) {
      if (!NO_LINKS.has(systemCode(error) ?? "")) throw error;
      // Without hard links the name is taken first by an empty file of ours, then replaced by the whole one.
      (await Deno.open(path, { write: true, createNew: true, mode: FILE_MODE })).close();
      await Deno.rename(temporary, path);
    }
  }
}
