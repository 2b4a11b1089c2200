/**
 * The copy of the log's last line beside the log, by which a cut tail shows: the line, and on a line of its own its SHA-256.
 *
 * It is written in place, as replacing a file costs as much as making a record durable does. So a crash may leave half of one copy and
 * half of another: the hash tells, and such a copy counts as none. Whoever can make one torn could as well remove it.
 *
 * @module
 */

import { createHash } from "node:crypto";
import type { QuickFile } from "../../ports/quick_files.ts";
import { type FileStamp, isOpenToOthers, isSameFile, lookAt, type SeenFile } from "./file_stamp.ts";

const MODE = 0o600;
/** More than any line has. */
const MAX_BYTES = 1024 * 1024;

/** The copy. Not safe to be written by two at once: the log's lock is held while it is. */
export class HeadCopy {
  readonly path: string;
  /** The file that is known to be a plain one of ours in the form of today. */
  #own: FileStamp | undefined;

  constructor(path: string) {
    this.path = path;
  }

  /** The line; undefined where there is none, or a torn one. Never fails, never waits. */
  read(): string | undefined {
    try {
      const found = lookAt(this.path);
      if (found?.isFile !== true || found.size > MAX_BYTES) return undefined;
      const text = Deno.readTextFileSync(this.path);
      const [line = "", hash = ""] = text.split("\n", 2);
      // Earlier versions kept the line alone.
      if (line === "" || (hash === "" && text.length <= line.length + 1)) return line === "" ? undefined : line;
      if (hash !== hashOf(line)) return undefined;
      if (isPlain(found)) this.#own = found;
      return line;
    } catch {
      return undefined;
    }
  }

  /**
   * Keeps a copy of `line`. Failing is no harm: the copy is for the verifier alone; an older one says less but nothing wrong.
   *
   * @param quick The same file by the system's own calls, where they are at hand
   */
  write(line: string, quick?: QuickFile): void {
    const bytes = new TextEncoder().encode(`${line}\n${hashOf(line)}\n`);
    if (quick !== undefined && this.#writeQuickly(quick, bytes)) return;
    try {
      if (this.#isOwn(lookAt(this.path))) {
        using file = Deno.openSync(this.path, { write: true });
        writeAll(file, bytes);
      } else this.#replace(bytes);
    } catch {
      // See above.
    }
  }

  #writeQuickly(quick: QuickFile, bytes: Uint8Array<ArrayBuffer>): boolean {
    using file = quick.open();
    return file !== undefined && this.#isOwn(file.look()) && file.write(bytes, 0);
  }

  #isOwn(found: SeenFile | undefined): boolean {
    return found !== undefined && isPlain(found) && this.#own !== undefined && isSameFile(this.#own, found);
  }

  /** What is there may be a link, or a second name of something else: it is replaced, not written to. */
  #replace(bytes: Uint8Array): void {
    const temporary = `${this.path}.tmp`;
    try {
      Deno.writeFileSync(temporary, bytes, { mode: MODE });
      Deno.renameSync(temporary, this.path);
      this.#own = lookAt(this.path);
    } catch (error) {
      try {
        Deno.removeSync(temporary);
      } catch {
        // It was not made.
      }
      throw error;
    }
  }
}

function isPlain(found: SeenFile): boolean {
  return found.isFile && found.size <= MAX_BYTES && !isOpenToOthers(found) &&
    (found.links === null || found.links === 1);
}

function hashOf(line: string): string {
  return createHash("sha256").update(line).digest("hex");
}

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}
