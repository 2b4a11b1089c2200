/**
 * Lines as they are appended, woken by the file system's own notices.
 *
 * @module
 */

import { basename, dirname } from "node:path";

/** Reads on from where the last read ended; knows when the path names another file. */
class Follower {
  readonly #path: string;
  #file: Deno.FsFile | undefined;
  #inode: number | null | undefined;
  #decoder = new TextDecoder();
  #rest = "";

  constructor(path: string) {
    this.#path = path;
  }

  async open(fromEnd: boolean): Promise<boolean> {
    const file = await Deno.open(this.#path, { read: true }).catch(() => undefined);
    if (file === undefined) return false;
    const { ino } = await file.stat();
    if (this.#file !== undefined && ino === this.#inode) {
      file.close();
      return false;
    }
    this.close();
    this.#file = file;
    this.#inode = ino;
    this.#decoder = new TextDecoder();
    this.#rest = "";
    if (fromEnd) await file.seek(0, Deno.SeekMode.End);
    return true;
  }

  async read(): Promise<string[]> {
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
    this.#decoder = new TextDecoder();
    this.#rest = "";
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/** Lines appended to `path` from now on, across rotations, until `signal` aborts. */
export async function* follow(path: string, signal: AbortSignal): AsyncGenerator<string> {
  if (signal.aborted) return;
  const watcher = Deno.watchFs(dirname(path), { recursive: false });
  const stop = (): void => watcher.close();
  signal.addEventListener("abort", stop, { once: true });
  const follower = new Follower(path);
  try {
    await follower.open(true);
    for await (const event of watcher) {
      if (!event.paths.some((changed) => basename(changed).startsWith(basename(path)))) continue;
      yield* await follower.read();
      // After a rotation the rest of the old file was read above; the new one is read from its beginning.
      while (await follower.open(false)) yield* await follower.read();
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
