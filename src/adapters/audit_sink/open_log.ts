/**
 * The log, open for one group of lines: by the system's own calls, or by the runtime.
 *
 * @module
 */

import type { OpenFile } from "../../ports/quick_files.ts";
import type { FileStamp } from "./file_stamp.ts";

/** Where a group is written to. */
export interface OpenLog extends Disposable {
  /** Writes from `position` on and waits for the disk. @throws {Error} when that failed; bytes may have been written then */
  write(position: number, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Its stamp as it is now. */
  stamp(): FileStamp;
}

/** By the system's own calls. */
export class QuickLog implements OpenLog {
  readonly #file: OpenFile;
  readonly #seen: FileStamp;

  constructor(file: OpenFile, seen: FileStamp) {
    this.#file = file;
    this.#seen = seen;
  }

  async write(position: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#file.write(bytes, position) || !await this.#file.sync()) throw new Error("Not written");
  }

  stamp(): FileStamp {
    // The old one tells the next look that the file has changed, which is then looked at the long way.
    return this.#file.look() ?? this.#seen;
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** By the runtime. */
export class RuntimeLog implements OpenLog {
  readonly #file: Deno.FsFile;
  readonly #stampOf: (file: Deno.FsFile) => FileStamp;

  constructor(file: Deno.FsFile, stampOf: (file: Deno.FsFile) => FileStamp) {
    this.#file = file;
    this.#stampOf = stampOf;
  }

  async write(position: number, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    await writeDurably(this.#file, position, bytes);
  }

  stamp(): FileStamp {
    return this.#stampOf(this.#file);
  }

  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}

/** Writing goes to the system's memory and takes microseconds; waiting for the disk does not keep the process from its other work. */
export async function writeDurably(file: Deno.FsFile, position: number, bytes: Uint8Array): Promise<void> {
  file.seekSync(position, Deno.SeekMode.Start);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  await file.syncData();
}
