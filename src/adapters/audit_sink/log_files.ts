/**
 * The files of one log: the current one, and older ones that rotation has put aside as `<path>.000001` …
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { lookAt } from "./file_stamp.ts";
import { acknowledgedEnd } from "./line_files.ts";

/** Finds, opens and rotates them. */
export class LogFiles {
  readonly path: string;
  readonly #keep: number;

  /** @param keep Number of older files that are kept. */
  constructor(path: string, keep: number) {
    this.path = path;
    this.#keep = keep;
  }

  /** Older files, oldest first. */
  rotated(): string[] {
    const name = basename(this.path), folder = dirname(this.path), found: string[] = [];
    try {
      for (const entry of Deno.readDirSync(folder)) {
        const number = entry.name.startsWith(`${name}.`) ? entry.name.slice(name.length + 1) : "";
        if (/^\d{6}$/.test(number)) found.push(join(folder, entry.name));
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    return found.sort();
  }

  /** Whether an older file may have been dropped. */
  pruned(): boolean {
    return this.rotated().length >= this.#keep;
  }

  /** Puts the current file aside and drops the oldest. */
  rotate(): void {
    const older = this.rotated();
    const newest = Number(older.at(-1)?.slice(-6) ?? 0);
    Deno.renameSync(this.path, `${this.path}.${String(newest + 1).padStart(6, "0")}`);
    for (const path of older.slice(0, Math.max(0, older.length + 1 - this.#keep))) Deno.removeSync(path);
  }

  /** The last line of the newest older file. */
  lastRotatedLine(): string | undefined {
    const newest = this.rotated().at(-1);
    if (newest === undefined) return undefined;
    using file = Deno.openSync(newest, { read: true });
    return acknowledgedEnd(file, file.statSync().size).line;
  }

  /** Every file, oldest first, opened, with its size: while the lock is held, or a rotation in between would hide a file. */
  openAll(): { readonly file: Deno.FsFile; readonly size: number }[] {
    return [...this.rotated(), this.path].filter((path) => lookAt(path)?.isFile === true).map((path) => {
      const file = Deno.openSync(path, { read: true });
      return { file, size: file.statSync().size };
    });
  }
}
