/**
 * Files by the system calls themselves: on Linux, where each costs a microsecond and the runtime's way to it several.
 *
 * @module
 */

import { cPath, PosixFiles } from "../../../ffi/posix_files.ts";
import type { OpenFile, QuickFile, QuickFiles, SeenFile } from "../../ports/quick_files.ts";

/** What is asked of the system. */
export type FileCalls = Pick<PosixFiles, "open" | "close" | "lookAt" | "lookAtOpen" | "tryLock" | "write" | "sync">;

/** Undefined where the system has other calls (macOS, Windows) or another C library: the runtime's way works there. */
export function openQuickFiles(): QuickFiles | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    return new SystemFiles(new PosixFiles());
  } catch {
    return undefined;
  }
}

/** The {@linkcode QuickFiles} of these calls. */
export class SystemFiles implements QuickFiles {
  readonly #calls: FileCalls;

  constructor(calls: FileCalls) {
    this.#calls = calls;
  }

  at(path: string): QuickFile {
    return new NamedFile(this.#calls, cPath(path));
  }
}

class NamedFile implements QuickFile {
  readonly #calls: FileCalls;
  readonly #path: Uint8Array<ArrayBuffer>;

  constructor(calls: FileCalls, path: Uint8Array<ArrayBuffer>) {
    this.#calls = calls;
    this.#path = path;
  }

  look(): SeenFile | undefined {
    return this.#calls.lookAt(this.#path);
  }

  open(): OpenFile | undefined {
    const descriptor = this.#calls.open(this.#path);
    return descriptor < 0 ? undefined : new DescribedFile(this.#calls, descriptor);
  }
}

class DescribedFile implements OpenFile {
  readonly #calls: FileCalls;
  #descriptor: number;

  constructor(calls: FileCalls, descriptor: number) {
    this.#calls = calls;
    this.#descriptor = descriptor;
  }

  look(): SeenFile | undefined {
    return this.#calls.lookAtOpen(this.#descriptor);
  }

  tryLock(): boolean {
    return this.#calls.tryLock(this.#descriptor);
  }

  write(bytes: Uint8Array<ArrayBuffer>, position: number): boolean {
    for (let at = 0; at < bytes.length;) {
      // A write that is cut short says only with the next one why; 0 would go on for ever.
      const count = this.#calls.write(this.#descriptor, at === 0 ? bytes : bytes.subarray(at), position + at);
      if (count <= 0) return false;
      at += count;
    }
    return true;
  }

  sync(): Promise<boolean> {
    return this.#calls.sync(this.#descriptor);
  }

  [Symbol.dispose](): void {
    if (this.#descriptor < 0) return;
    this.#calls.close(this.#descriptor);
    this.#descriptor = -1;
  }
}
