/**
 * Lines as they are appended, woken by the file system's own notices.
 *
 * @module
 */

import { basename, dirname } from "node:path";
import { isSameFile, lookAt, seenIn } from "./file_stamp.ts";
import type { FileStamp } from "./file_stamp.ts";
import type { LogFiles } from "./log_files.ts";

/** Reads on from where the last read ended, through every file that a rotation begins. */
class Follower {
  readonly #files: LogFiles;
  #file: Deno.FsFile | undefined;
  #stamp: FileStamp | undefined;
  #decoder = new TextDecoder();
  #rest = "";

  constructor(files: LogFiles) {
    this.#files = files;
  }

  /** Begins at the end of the current file, if there is one. */
  async begin(): Promise<void> {
    const found = lookAt(this.#files.path);
    if (found === undefined || !await this.#adopt(this.#files.path, found)) return;
    await this.#file!.seek(0, Deno.SeekMode.End);
  }

  async *news(): AsyncGenerator<string> {
    yield* await this.#read();
    for (let next = this.#newer(); next !== undefined; next = this.#newer()) {
      // It was rotated: what came before that, after the last look, is read first.
      yield* await this.#read();
      // Rotated at this moment: the notice of that wakes us again.
      if (!await this.#adopt(next.path, next.stamp)) return;
      yield* await this.#read();
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** The oldest file that is newer than the one at hand. Without one at hand: the current one, as nothing is older than the watching. */
  #newer(): { readonly path: string; readonly stamp: FileStamp } | undefined {
    const current = lookAt(this.#files.path), own = this.#stamp;
    if (own !== undefined && current !== undefined && isSameFile(current, own)) return undefined;
    const found = [...this.#files.rotated(), this.#files.path].flatMap((path) => {
      const info = lookAt(path);
      return info?.isFile === true ? [{ path, stamp: info }] : [];
    });
    if (own === undefined) return found.at(-1);
    return found[found.findIndex(({ stamp }) => isSameFile(stamp, own)) + 1];
  }

  /** Goes over to the file that `stamp` was taken of, unless another has its name by now. */
  async #adopt(path: string, stamp: FileStamp): Promise<boolean> {
    const file = await Deno.open(path, { read: true }).catch(() => undefined);
    if (file === undefined) return false;
    if (!isSameFile(seenIn(await file.stat()), stamp)) {
      file.close();
      return false;
    }
    this.close();
    this.#file = file;
    this.#stamp = stamp;
    this.#startLine();
    return true;
  }

  async #read(): Promise<string[]> {
    if (this.#file === undefined) return [];
    await this.#afterRepair(this.#file);
    const block = new Uint8Array(64 * 1024);
    let text = this.#rest;
    for (let count = await this.#file.read(block); count !== null; count = await this.#file.read(block)) {
      text += this.#decoder.decode(block.subarray(0, count), { stream: true });
    }
    const lines = text.split("\n");
    this.#rest = lines.pop()!;
    return lines;
  }

  /** What a crash left at the end was cut off: read anew, as the place where the next line begins is not known. */
  async #afterRepair(file: Deno.FsFile): Promise<void> {
    if ((await file.stat()).size >= await file.seek(0, Deno.SeekMode.Current)) return;
    await file.seek(0, Deno.SeekMode.Start);
    this.#startLine();
  }

  #startLine(): void {
    this.#decoder = new TextDecoder();
    this.#rest = "";
  }
}

/** Lines appended to the log from now on, across rotations, until `signal` aborts. */
export async function* follow(files: LogFiles, signal: AbortSignal): AsyncGenerator<string> {
  if (signal.aborted) return;
  const watcher = Deno.watchFs(dirname(files.path), { recursive: false });
  const stop = (): void => watcher.close();
  signal.addEventListener("abort", stop, { once: true });
  const follower = new Follower(files);
  try {
    await follower.begin();
    for await (const event of watcher) {
      if (event.paths.some((changed) => basename(changed).startsWith(basename(files.path)))) yield* follower.news();
    }
  } finally {
    signal.removeEventListener("abort", stop);
    follower.close();
    try {
      watcher.close();
    } catch {
      // It was closed by the signal.
    }
  }
}
